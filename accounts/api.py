"""What a signed-in person does for their own account over HTTP (docs/accounts.md)."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import actions, agents, cookies, ratelimit
from accounts.access import own_profile, sessions_of
from accounts.actions.sign_in import refusal_error
from accounts.requests import actor_of, plain
from accounts.sessions import FRESH_PROOF
from policy.catalogue import Action
from policy.pep import reading


class TicketView(APIView):
    """A ticket for a socket, for clients that send no cookies there."""

    asks: ClassVar = {"POST": Action.TICKET_ISSUE}
    limit = ratelimit.TICKET

    def post(self, request: Request) -> Response:
        ticket = actions.issue_ticket(actor_of(request))
        return Response({"ticket": ticket.token, "expires_at": ticket.expires_at})


class _Password(serializers.Serializer[Any]):
    password = serializers.CharField(max_length=1024, trim_whitespace=False)


class StepUpView(APIView):
    """Prove again who one is; the session's token changes with it."""

    asks: ClassVar = {"POST": Action.SESSION_STEP_UP}
    limit = ratelimit.STEP_UP

    def post(self, request: Request) -> Response:
        given = _checked(_Password(data=request.data))
        answer = actions.step_up(actor_of(request), password=given["password"])
        if answer.issued is None:
            raise refusal_error(answer)
        response = Response({"step_up_until": (answer.issued.session.step_up_at or timezone.now()) + FRESH_PROOF})
        cookies.hand_over(plain(request), response, answer.issued)
        return response


class PasswordView(APIView):
    """One's own new password; needs a fresh proof of identity."""

    asks: ClassVar = {"POST": Action.PASSWORD_SET}
    limit = ratelimit.STEP_UP

    def post(self, request: Request) -> Response:
        given = _checked(_Password(data=request.data))
        actions.set_password(actor_of(request), user_id=actor_of(request).id, password=given["password"])
        return Response(status=204)


class SessionsView(APIView):
    """Where one is signed in."""

    asks: ClassVar = {"GET": Action.SESSION_LIST}

    def get(self, request: Request) -> Response:
        with reading(actor_of(request)):
            held = sessions_of(actor_of(request), actor_of(request).id)
        current = actor_of(request).environment.session_id
        return Response(
            [
                {
                    "id": one.id,
                    "current": one.id == current,
                    "device": agents.in_words(one.user_agent),
                    "address": one.address,
                    "methods": one.methods,
                    "created_at": one.created_at,
                    "last_used_at": one.last_used_at,
                }
                for one in held
            ]
        )


class SessionView(APIView):
    """One session of one's own."""

    asks: ClassVar = {"DELETE": Action.SESSION_REVOKE}

    def delete(self, request: Request, session_id: UUID) -> Response:
        actions.revoke_session(actor_of(request), session_id=session_id)
        return Response(status=204)


class _Profile(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)
    title = serializers.CharField(max_length=120, required=False, allow_blank=True)
    settings = serializers.DictField(required=False)


class ProfileView(APIView):
    """What one says of oneself, and how one's client looks."""

    asks: ClassVar = {"GET": Action.USER_VIEW, "PATCH": Action.PROFILE_UPDATE}

    def get(self, request: Request) -> Response:
        with reading(actor_of(request)):
            return Response(_shown(own_profile(actor_of(request))))

    def patch(self, request: Request) -> Response:
        given = _checked(_Profile(data=request.data))
        return Response(_shown(actions.update_profile(actor_of(request), **given)))


def _shown(profile: Any) -> dict[str, Any]:
    return {"name": profile.name, "title": profile.title, "settings": dict(profile.settings)}


def _checked(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data  # type: ignore[no-any-return]
