package handlers

import (
	"slices"
	"strings"

	"twostep/auth"
	"twostep/views"
)

const peoplePath = "/admin/people"

// peopleQuery reads the filters in the URL.
func (r *request) peopleQuery() auth.PeopleQuery {
	role, _ := auth.ParseRole(r.QueryParam("role"))
	q := auth.PeopleQuery{
		Text: r.QueryParam("q"), Exact: r.session.Role == auth.RoleViewer, State: auth.AccountState(r.QueryParam("state")),
		Factors: auth.FactorFilter(r.QueryParam("factors")), Group: r.QueryParam("group"), Role: role,
		Newest: r.QueryParam("order") == views.OrderNewest, After: auth.UserID(r.QueryParam("after")),
		NotSeenSince: dayIn(r.QueryParam("since")),
	}
	if !slices.Contains(auth.AccountStates, q.State) {
		q.State = auth.AnyState
	}
	if !slices.Contains(auth.FactorFilters, q.Factors) {
		q.Factors = auth.AnyFactors
	}
	return q
}

func showPeople(r *request) error {
	q := r.peopleQuery()
	people, err := r.rules.People(r.ctx(), q)
	if err != nil {
		return err
	}
	return r.show(views.People(views.PeoplePage{
		Page: r.page(), Query: q, Typed: r.QueryParam("q"), PeoplePage: people,
		NoDownload: r.rules.NeedsApproval(auth.DownloadPeople, auth.NoRole) && r.session.Role < auth.RoleAdmin,
	}))
}

func exportPeople(r *request) error {
	redirect, err := r.requireApprovedDownload()
	if err != nil {
		return err
	}
	if redirect != "" {
		return r.redirect(redirect)
	}
	return export(r, views.PeopleTable, func() (auth.Pages[auth.Account], error) {
		return r.rules.ExportPeople(r.ctx(), r.operator(), r.peopleQuery(), r.filters())
	})
}

// personPage reads the account that the URL names.
func (r *request) personPage() (page views.PersonPage, err error) {
	page.Person, err = r.rules.AccountOf(r.ctx(), auth.UserID(r.Param("id")))
	page.Mine, page.RecoveryDelay = page.Person.ID == r.session.User, r.rules.Policy().RecoveryDelay
	return page, err
}

func showPerson(r *request) error {
	page, err := r.personPage()
	if err != nil {
		return err
	}
	if page.Audit, err = r.rules.AuditOf(r.ctx(), page.Person.ID, r.QueryParam("before")); err != nil {
		return err
	}
	if page.Approvals, err = r.approvals(page.Person.ID); err != nil {
		return err
	}
	page.Page = r.page()
	return r.show(views.Person(page))
}

// act returns the page of the act that the URL names, if the user may do it.
func (r *request) act(acts []views.Act) (views.ActPage, error) {
	i := slices.IndexFunc(acts, func(act views.Act) bool { return act.Path == r.Param("act") })
	if i < 0 {
		return views.ActPage{}, auth.ErrNotFound
	}
	return r.actPage(acts[i])
}

func (r *request) actPage(act views.Act) (page views.ActPage, err error) {
	page.PersonPage, err = r.personPage()
	page.Role, page.Now, page.Act = r.session.Role, r.rules.Now(), act
	if err == nil && !page.May(act) {
		err = auth.ErrNotFound
	}
	return page, err
}

func showAct(r *request) error {
	page, err := r.act(views.Acts)
	if err != nil {
		return err
	}
	return r.showAct(page, "")
}

func (r *request) showAct(page views.ActPage, target string) error {
	requested, err := r.askForApproval(&page, target)
	if err != nil {
		return err
	}
	if requested != "" {
		return r.redirect(requested)
	}
	page.Page, page.Reason = r.page(), r.prefill("reason")
	return r.show(views.ShowAct(page))
}

func postAct(r *request) (string, error) {
	page, err := r.act(views.Acts)
	if err != nil {
		return "", err
	}
	return r.postAct(page, "")
}

func (r *request) postAct(page views.ActPage, target string) (string, error) {
	if r.action() != page.Act.Path {
		return "", errUnknownAction
	}
	act := auth.Act{Action: page.Act.Action, User: page.Person.ID, Target: target}
	if r.rules.NeedsApproval(act.Action, page.Person.Role) {
		return views.PersonURL(act.User), r.withNotice(views.NoticeApprovalRequested, r.rules.RequestApproval(r.ctx(), r.operator(), act))
	}
	done, err := r.rules.CarryOut(r.ctx(), r.operator(), act)
	notice := noticeIf(done, views.NoticeActDone)
	if page.Act.Action == auth.Delete {
		return peoplePath, r.withNotice(notice, err)
	}
	return views.PersonURL(page.Person.ID), r.withNotice(notice, err)
}

func showTargetAct(r *request) error {
	page, err := r.act(views.TargetActs)
	if err != nil {
		return err
	}
	if page.Target = page.PersonPage.Target(page.Act.Action, r.Param("target")); page.Target == "" {
		return auth.ErrNotFound
	}
	return r.showAct(page, r.Param("target"))
}

// postTargetAct also redirects to the account's page if the target no longer exists, because
// the form was posted twice.
func postTargetAct(r *request) (string, error) {
	page, err := r.act(views.TargetActs)
	if err != nil {
		return "", err
	}
	if page.PersonPage.Target(page.Act.Action, r.Param("target")) == "" {
		return views.PersonURL(page.Person.ID), r.withNotice(views.NoticeNothingToDo, nil)
	}
	return r.postAct(page, r.Param("target"))
}

func showPersonGroups(r *request) error {
	page, err := r.actPage(views.SaveGroups)
	if err != nil {
		return err
	}
	page.Groups = strings.Join(page.Person.Groups, " ")
	if r.form != nil {
		page.Groups = r.form.Get("groups")
	}
	return r.showAct(page, "")
}

func postPersonGroups(r *request) (string, error) {
	page, err := r.personPage()
	if err != nil {
		return "", err
	}
	wanted := groupNames(r.form.Get("groups"))
	removed := slices.DeleteFunc(slices.Clone(page.Person.Groups), func(name string) bool { return slices.Contains(wanted, name) })
	groups, err := r.rules.ChangeGroups(r.ctx(), r.operator(), page.Person.ID, wanted, removed)
	notice := noticeIf(!slices.Equal(groups, page.Person.Groups), views.NoticeActDone)
	return views.PersonURL(page.Person.ID), r.withNotice(notice, err)
}
