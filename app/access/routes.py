"""The HTTP routes of sessions, accounts, API tokens and organizations."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.accounts import service
from app.accounts.authentication import Forbidden
from app.accounts.login import open_session, require_password
from app.accounts.passwords import hash_password
from app.accounts.permissions import Permission
from app.accounts.schemas import (
    AccountFilters,
    AccountIn,
    AccountOut,
    ApiTokenIn,
    ApiTokenOut,
    MeOut,
    NewApiTokenOut,
    OrganizationFilters,
    OrganizationIn,
    OrganizationOut,
    PasswordIn,
    SessionIn,
    SessionOut,
)
from app.accounts.service import InvalidCredentials, OwnAccount
from app.calls.call import ApiCall, Call
from app.core.bodies import Route
from app.core.pages import Page, PageParams
from app.core.problems import Conflict, NotFound, PreconditionFailed, RateLimited, documented
from app.core.schemas import to_json

router = APIRouter(
    route_class=Route, responses=documented(NotFound, Forbidden, PreconditionFailed, Conflict)
)


@router.post(
    "/sessions",
    response_model=SessionOut,
    status_code=201,
    tags=["sessions"],
    responses=documented(InvalidCredentials, RateLimited),
)
def log_in(payload: SessionIn, request: Request) -> Response:
    """Log in: the token goes into `Authorization: Bearer …`."""
    address = request.client.host if request.client else ""
    opened = open_session(request.app.state.database, payload, address)
    headers = {"Cache-Control": "no-store", "Location": "/api/v1/sessions/current"}
    return Response(to_json(SessionOut, opened), 201, headers, "application/json")


@router.delete("/sessions/current", status_code=204, tags=["sessions"])
def log_out(call: Call) -> Response:
    """Log out: the token is worth nothing any more."""
    with call as (db, me):
        service.log_out(db, by=me)
        return call.nothing()


@router.get("/me", response_model=MeOut, tags=["sessions"])
def show_me(call: Call) -> Response:
    """Who you are, and what you may do."""
    with call as (db, me):
        return call.ok(MeOut, service.account_of(db, me), {"permissions": sorted(me.permissions)})


@router.put(
    "/me/password",
    status_code=204,
    tags=["sessions"],
    responses=documented(InvalidCredentials, RateLimited),
)
def change_my_password(payload: PasswordIn, call: Call) -> Response:
    """Change your password; your other sessions end."""
    require_password(call.database, call.authenticate(), payload.current)
    new_hash = hash_password(payload.new)
    with call as (db, me):
        service.change_password(db, new_hash, by=me)
        return call.nothing()


# Accounts


@router.get("/accounts", response_model=Page[AccountOut], tags=["accounts"])
def list_accounts(filters: Annotated[AccountFilters, Query()], call: Call) -> Response:
    """The accounts, by e-mail. For administrators."""
    with call as (_, me):
        return call.page(AccountOut, service.accounts(filters, me), filters, service.BY_EMAIL)


@router.post("/accounts", response_model=AccountOut, status_code=201, tags=["accounts"])
def add_account(payload: AccountIn, call: Call) -> Response:
    """Open an account."""
    password_hash = _hashed(call, payload.password)
    with call as (db, me):
        return call.created(AccountOut, service.add_account(db, payload, password_hash, by=me))


@router.get("/accounts/{account_id}", response_model=AccountOut, tags=["accounts"])
def show_account(account_id: UUID, call: Call) -> Response:
    """One account."""
    with call as (db, me):
        return call.ok(AccountOut, service.find_account(db, account_id, by=me))


@router.put(
    "/accounts/{account_id}",
    response_model=AccountOut,
    tags=["accounts"],
    responses=documented(OwnAccount),
)
def change_account(account_id: UUID, payload: AccountIn, call: Call) -> Response:
    """Describe an account again, in full; without `password`, it stays as it is."""
    password_hash = _hashed(call, payload.password)
    with call as (db, me):
        account = call.unchanged(service.find_account(db, account_id, by=me))
        changed = service.change_account(db, account, payload, password_hash, by=me)
        return call.ok(AccountOut, changed)


@router.put(
    "/accounts/{account_id}/suspension",
    status_code=204,
    tags=["accounts"],
    responses=documented(OwnAccount),
)
def suspend(account_id: UUID, call: Call) -> Response:
    """Suspend an account: its sessions and tokens are refused from now on."""
    with call as (db, me):
        service.suspend(db, call.unchanged(service.find_account(db, account_id, by=me)), by=me)
        return call.nothing()


@router.delete("/accounts/{account_id}/suspension", status_code=204, tags=["accounts"])
def restore(account_id: UUID, call: Call) -> Response:
    """Let a suspended account act again."""
    with call as (db, me):
        service.restore(db, call.unchanged(service.find_account(db, account_id, by=me)), by=me)
        return call.nothing()


@router.put("/accounts/{account_id}/follow-up", status_code=204, tags=["accounts"])
def let_follow_up(account_id: UUID, call: Call) -> Response:
    """Let an account that exports ask for ids that are the same from one export to the next.

    Besides its role: it makes people's records followed over time. Written in the audit log.
    """
    with call as (db, me):
        account = call.unchanged(service.find_account(db, account_id, by=me))
        service.let_follow_up(db, account, by=me)
        return call.nothing()


@router.delete("/accounts/{account_id}/follow-up", status_code=204, tags=["accounts"])
def end_follow_up(account_id: UUID, call: Call) -> Response:
    """End it: its exports have ids of their own again."""
    with call as (db, me):
        account = call.unchanged(service.find_account(db, account_id, by=me))
        service.end_follow_up(db, account, by=me)
        return call.nothing()


def _hashed(call: ApiCall, password: str | None) -> str | None:
    """Hashed outside the transaction, and only for who may set it."""
    call.authenticate().require(Permission.MANAGE_ACCOUNTS)
    return hash_password(password) if password else None


# API tokens


@router.get("/api-tokens", response_model=Page[ApiTokenOut], tags=["accounts"])
def list_api_tokens(params: Annotated[PageParams, Query()], call: Call) -> Response:
    """Your own API tokens, the oldest first."""
    with call as (_, me):
        return call.page(ApiTokenOut, service.api_tokens(me), params, service.OLDEST_FIRST)


@router.post("/api-tokens", response_model=NewApiTokenOut, status_code=201, tags=["accounts"])
def add_api_token(payload: ApiTokenIn, call: Call) -> Response:
    """Make an API token. `token` is shown this once."""
    with call as (db, me):
        secret, token = service.add_api_token(db, payload, by=me)
        return call.created(NewApiTokenOut, token, {"token": secret})


@router.delete("/api-tokens/{token_id}", status_code=204, tags=["accounts"])
def revoke_api_token(token_id: UUID, call: Call) -> Response:
    """Revoke one of your API tokens."""
    with call as (db, me):
        service.revoke_api_token(db, token_id, by=me)
        return call.nothing()


# Organizations


@router.get("/organizations", response_model=Page[OrganizationOut], tags=["organizations"])
def list_organizations(filters: Annotated[OrganizationFilters, Query()], call: Call) -> Response:
    """The organizations, by name."""
    with call:
        return call.page(OrganizationOut, service.organizations(filters), filters, service.BY_NAME)


@router.post(
    "/organizations", response_model=OrganizationOut, status_code=201, tags=["organizations"]
)
def add_organization(payload: OrganizationIn, call: Call) -> Response:
    """Add an organization."""
    with call as (db, me):
        return call.created(OrganizationOut, service.add_organization(db, payload, by=me))


@router.get(
    "/organizations/{organization_id}", response_model=OrganizationOut, tags=["organizations"]
)
def show_organization(organization_id: UUID, call: Call) -> Response:
    """One organization."""
    with call as (db, _):
        return call.ok(OrganizationOut, service.find_organization(db, organization_id))


@router.put(
    "/organizations/{organization_id}", response_model=OrganizationOut, tags=["organizations"]
)
def change_organization(organization_id: UUID, payload: OrganizationIn, call: Call) -> Response:
    """Describe an organization again, in full."""
    with call as (db, me):
        organization = call.unchanged(service.find_organization(db, organization_id))
        changed = service.change_organization(db, organization, payload, by=me)
        return call.ok(OrganizationOut, changed)
