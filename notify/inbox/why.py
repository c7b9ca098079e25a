"""Why somebody has a notice, and why it is where it is."""

from __future__ import annotations

from dataclasses import dataclass

from notify.models import Notification, Place, Reason, Subscription, user_pk
from notify.readers.deciding import ALL, Asked, Decision, Rule, decide
from notify.readers.defaults import asked_of
from notify.readers.wishes import wishes_of


@dataclass(frozen=True, slots=True)
class Why:
    """Why somebody has a notice.

    Attributes:
        notice_id: The notice.
        reason: The strongest reason for which they got it; None if it is not known, as of what came
            before reasons were kept.
        topics: The topics it was sent to that they follow now.
        place: Where it is.
        decision: What their preferences say of such a notice now. They may have said something
            else when it came.
        scope: What they or the site would change to have it otherwise: "kind:<key>",
            "category:<key>", "all", or the target of a mute; None where nobody has said anything,
            or nobody can.
    """

    notice_id: int
    reason: Reason | None
    topics: tuple[str, ...]
    place: Place
    decision: Decision
    scope: str | None


def why(user: str, notice_id: int, channel: str = "inbox") -> Why | None:
    """Why a person has a notice; None if they do not have it."""
    key = user_pk(user)
    copies = Notification.objects.filter(user=key, notice=notice_id).select_related("notice")
    copy = copies.first()
    if copy is None:
        return None
    asked = asked_of(copy.notice, channel)
    decision = decide(asked, wishes_of(user, channel, asked.targets))
    followed = Subscription.objects.filter(user=key, topic__in=copy.notice.topics or ())
    return Why(
        notice_id=notice_id,
        reason=None if copy.reason is None else Reason(copy.reason),
        topics=tuple(followed.order_by("topic").values_list("topic", flat=True)),
        place=Place(copy.place),
        decision=decision,
        scope=_scope(asked, decision),
    )


def _scope(asked: Asked, decision: Decision) -> str | None:
    match decision.rule:
        case Rule.MUTED:
            return decision.target
        case Rule.OWN_KIND | Rule.KIND:
            return asked.kind_scope
        case Rule.OWN_CATEGORY | Rule.CATEGORY:
            return asked.category_scope
        case Rule.OWN_ALL:
            return ALL
    return None
