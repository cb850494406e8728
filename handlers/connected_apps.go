package handlers

import (
	"strings"

	"twostep/views"
)

const connectedAppsPath = "/account/apps"

func showConnectedApps(r *request) error {
	apps, err := r.site.Apps.ConnectedApps(r.ctx(), r.session.User)
	if err != nil {
		return err
	}
	return r.show(views.ConnectedApps(views.ConnectedAppsPage{Page: r.page(), Apps: apps}))
}

// postConnectedApps is "Disconnect".
func postConnectedApps(r *request) (string, error) {
	action, id, _ := strings.Cut(r.action(), ":")
	if action != "disconnect" {
		return "", errUnknownAction
	}
	err := r.site.Apps.Disconnect(r.ctx(), r.client(), r.session.User, id)
	return connectedAppsPath, r.withNotice(views.NoticeAppDisconnected, err)
}
