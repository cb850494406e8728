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
	hosts, err := r.rules.HostUses(r.ctx(), r.session.User)
	if err != nil {
		return err
	}
	return r.show(views.ConnectedApps(views.ConnectedAppsPage{Page: r.page(), Apps: apps, Hosts: hosts}))
}

// postConnectedApps is "Disconnect".
func postConnectedApps(r *request) (string, error) {
	var err error
	switch action, id, _ := strings.Cut(r.action(), ":"); action {
	case "disconnect":
		err = r.site.Apps.Disconnect(r.ctx(), r.client(), r.session.User, id)
	case "disconnect_host":
		err = r.rules.DisconnectHost(r.ctx(), r.client(), r.session, id)
	default:
		return "", errUnknownAction
	}
	return connectedAppsPath, r.withNotice(views.NoticeAppDisconnected, err)
}
