package handlers

import (
	"slices"
	"strings"
	"time"

	"twostep/auth"
	"twostep/views"
)

const peoplePath = "/admin/people"

func showPeople(r *request) error {
	role, _ := auth.ParseRole(r.QueryParam("role"))
	q := auth.PeopleQuery{
		Text: r.QueryParam("q"), Exact: r.session.Role == auth.RoleViewer, State: auth.AccountState(r.QueryParam("state")),
		Factors: auth.FactorFilter(r.QueryParam("factors")), Group: r.QueryParam("group"), Role: role,
		Newest: r.QueryParam("order") == views.OrderNewest, After: auth.UserID(r.QueryParam("after")),
	}
	if !slices.Contains(auth.AccountStates, q.State) {
		q.State = auth.AnyState
	}
	if !slices.Contains(auth.FactorFilters, q.Factors) {
		q.Factors = auth.AnyFactors
	}
	q.NotSeenSince, _ = time.Parse(time.DateOnly, r.QueryParam("since")) // zero if it is no date
	people, err := r.rules.People(r.ctx(), q)
	if err != nil {
		return err
	}
	return r.show(views.People(views.PeoplePage{Page: r.page(), Query: q, Typed: r.QueryParam("q"), PeoplePage: people}))
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
	audit, err := r.rules.Audit(r.ctx(), auth.AuditQuery{User: page.Person.ID})
	if err != nil {
		return err
	}
	page.Page, page.Audit = r.page(), audit.Entries
	return r.show(views.Person(page))
}

// act returns the act that the URL names, if the user may do it.
func (r *request) act() (page views.PersonPage, act views.Act, err error) {
	page, err = r.personPage()
	page.Role = r.session.Role
	i := slices.IndexFunc(views.Acts, func(act views.Act) bool { return act.Path == r.Param("act") })
	if err == nil && (i < 0 || !page.May(views.Acts[i])) {
		err = auth.ErrNotFound
	}
	if err != nil {
		return page, act, err
	}
	return page, views.Acts[i], nil
}

func showAct(r *request) error {
	page, act, err := r.act()
	if err != nil {
		return err
	}
	page.Page = r.page()
	return r.show(views.ShowAct(views.ActPage{PersonPage: page, Act: act, Reason: r.prefill("reason")}))
}

func postAct(r *request) (string, error) {
	page, act, err := r.act()
	if err != nil {
		return "", err
	}
	if r.action() != act.Path {
		return "", errUnknownAction
	}
	done, err := r.rules.Operate(r.ctx(), r.operator(), act.Action, page.Person.ID)
	notice := views.NoticeActDone
	if !done {
		notice = views.NoticeNothingToDo
	}
	if act.Action == auth.Delete {
		return peoplePath, r.withNotice(notice, err)
	}
	return views.PersonURL(page.Person.ID), r.withNotice(notice, err)
}

func showPersonGroups(r *request) error {
	page, err := r.personPage()
	if err != nil {
		return err
	}
	if page.Role = r.session.Role; !page.May(views.SaveGroups) {
		return auth.ErrNotFound
	}
	page.Page = r.page()
	groups := strings.Join(page.Person.Groups, " ")
	if r.form != nil {
		groups = r.form.Get("groups")
	}
	return r.show(views.ShowAct(views.ActPage{PersonPage: page, Act: views.SaveGroups, Reason: r.prefill("reason"), Groups: groups}))
}

func postPersonGroups(r *request) (string, error) {
	page, err := r.personPage()
	if err != nil {
		return "", err
	}
	if r.action() != views.SaveGroups.Path {
		return "", errUnknownAction
	}
	wanted := strings.FieldsFunc(r.form.Get("groups"), func(c rune) bool { return c == ' ' || c == ',' })
	removed := slices.DeleteFunc(slices.Clone(page.Person.Groups), func(name string) bool { return slices.Contains(wanted, name) })
	_, err = r.rules.ChangeGroups(r.ctx(), r.operator(), page.Person.ID, wanted, removed)
	return views.PersonURL(page.Person.ID), r.withNotice(views.NoticeActDone, err)
}
