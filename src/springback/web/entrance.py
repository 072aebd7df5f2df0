"""The way in and out: the first password by a one-time token, signing in to look or to act, signing out."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from springback.errors import InputError
from springback.web.access import Role, new_cookie
from springback.web.dashboard import Dashboard, Outcome, visitor, within
from springback.web.form import Form

INSIDE = "operators"
AGAIN = Outcome("Send the form again.", "bad", 403)


def begin(dashboard: Dashboard, request: Request) -> Response:
    """Asks for the one-time token and the operator's first password."""
    return RedirectResponse("/sign-in", 303) if dashboard.access.begun else dashboard.alone(request, "begin.html")


def sign_in(dashboard: Dashboard, request: Request) -> Response:
    """Asks who it is."""
    if not dashboard.access.begun:
        return RedirectResponse("/begin", 303)
    return dashboard.alone(request, "sign_in.html", next=within(request.query_params.get("next", "/")))


async def begun(dashboard: Dashboard, request: Request) -> Response:
    """Sets the first password, once."""
    form = await dashboard.form(request)
    return await run_in_threadpool(_begun, dashboard, request, form)


async def signed_in(dashboard: Dashboard, request: Request) -> Response:
    """Lets somebody in who knows the password: to look, or to act where that is asked for."""
    form = await dashboard.form(request)
    return await run_in_threadpool(_signed_in, dashboard, request, form)


async def signed_out(dashboard: Dashboard, request: Request) -> Response:
    """Ends the session."""
    form = await dashboard.form(request)
    if form.ours:
        await run_in_threadpool(dashboard.access.sign_out, form.cookie)
    answer = RedirectResponse("/sign-in", 303)
    dashboard.give(answer, new_cookie())
    return answer


def refusal(dashboard: Dashboard, request: Request, form: Form, role: Role) -> Outcome | None:
    """Why the password in `form` does not open `role`, None where it does; wrong ones are counted. Operators who are in are counted apart:
    nobody before the door keeps them from acting.
    """
    session = dashboard.session(request)
    who = INSIDE if session is not None and session.operator else visitor(request)
    if wait := dashboard.throttle.tried(who):
        return Outcome(f"Too many wrong passwords: wait {wait:.0f} s.", "bad", 429)
    if not dashboard.access.right(role, form.of("password")):
        return Outcome("This password is not right.", "bad", 403)
    dashboard.throttle.right(who)
    return None


def _begun(dashboard: Dashboard, request: Request, form: Form) -> Response:
    if dashboard.access.begun:
        return RedirectResponse("/sign-in", 303)
    outcome = _first_password(dashboard, request, form)
    return _welcome(dashboard, "operator", "/") if outcome is None else dashboard.alone(request, "begin.html", outcome)


def _first_password(dashboard: Dashboard, request: Request, form: Form) -> Outcome | None:
    """Why the first password was not set; None where it was."""
    if not form.ours:
        return AGAIN
    if form.of("password") != form.of("again"):
        return Outcome("The two passwords differ.", "bad", 400)
    if wait := dashboard.throttle.tried(visitor(request)):
        return Outcome(f"Too many wrong tokens: wait {wait:.0f} s.", "bad", 429)
    try:
        if dashboard.access.begin(form.of("token"), form.of("password")):
            return None
    except InputError as error:
        dashboard.throttle.right(visitor(request))  # the token was
        return Outcome(str(error), "bad", 400)
    return Outcome("This is not the token of this start.", "bad", 403)


def _signed_in(dashboard: Dashboard, request: Request, form: Form) -> Response:
    role: Role = "operator" if form.of("role") == "operator" else "reader"
    outcome = refusal(dashboard, request, form, role) if form.ours else AGAIN
    if outcome is not None:
        return dashboard.alone(request, "sign_in.html", outcome, next=within(form.of("next")))
    return _welcome(dashboard, role, within(form.of("next")))


def _welcome(dashboard: Dashboard, role: Role, address: str) -> Response:
    answer = RedirectResponse(address, 303)
    dashboard.give(answer, dashboard.access.sign_in(role, dashboard.instant()))
    return answer
