"""Sessions as programs send and receive them. Energy in Wh, money in fen, times in UTC."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from service.api.context import SPEAKABLE

PILE_PATTERN = r"^[0-9A-Za-z-]{1,23}$"
KEY_PATTERN = r"^[A-Za-z0-9._:-]{8,64}$"


class StartIn(BaseModel):
    """A wish to charge."""

    pile: Annotated[str, Field(pattern=PILE_PATTERN, examples=["LB-017"])]
    outlet: Annotated[int, Field(ge=1, le=16)]
    idempotency_key: Annotated[
        str | None,
        Field(
            pattern=KEY_PATTERN,
            description="Any text of your own; the same key is the same start, however often it is "
            "sent. May be sent as the header Idempotency-Key instead; one of both must be there.",
        ),
    ] = None
    cap_fen: Annotated[
        int | None, Field(ge=1, le=100_000, description="Never charge more than this, in fen.")
    ] = None
    max_duration_s: Annotated[
        int | None, Field(ge=60, le=86_400, description="Stop after so many seconds.")
    ] = None
    max_energy_wh: Annotated[
        int | None, Field(ge=1, le=100_000, description="Stop after so many Wh.")
    ] = None


class StartForDoorIn(StartIn):
    """A wish to charge, asked at the gatehouse for a household."""

    door: Annotated[
        str,
        Field(
            max_length=16,
            pattern=SPEAKABLE,
            examples=["3-201"],
            description="The household's door.",
        ),
    ]


class QueueOut(BaseModel):
    """Where a session stands that waits for room on its feeder."""

    place: Annotated[int, Field(description="1 is next.")]
    sentence: Annotated[str, Field(description="Why it waits, for a person.")]
    earliest_at: datetime | None
    latest_at: datetime | None


class SessionOut(BaseModel):
    """One session."""

    id: Annotated[str, Field(description="The order number; the pile echoes it.")]
    pile: str
    outlet: int
    state: Annotated[
        str,
        Field(
            description="queued, starting (the pile was told and has not confirmed), charging, "
            "stopping, ended (its settlement is still to come), settled, held (a person must "
            "look), waived (a person has looked: nothing is billed), cancelled (it never began)"
        ),
    ]
    source: Annotated[str, Field(description="How it was asked for: qr, card, gatehouse, api.")]
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    energy_wh: Annotated[
        int | None, Field(description="Settled energy; before that, what was read so far.")
    ]
    power_w: Annotated[float | None, Field(description="Last sample of the outlet, in W.")]
    sampled_at: Annotated[datetime | None, Field(description="When that sample was taken.")]
    electricity_fen: Annotated[int | None, Field(description="The pass-through part.")]
    service_fen: Annotated[int | None, Field(description="The service fee.")]
    total_fen: int | None
    is_final: Annotated[
        bool, Field(description="True once it is in the ledger; before that amounts are so far.")
    ]
    cap_fen: int | None
    max_duration_s: int
    max_energy_wh: int
    stop_reason: Annotated[str | None, Field(description="By the pile: full, user, unplugged ...")]
    held_reason: str | None
    queue: QueueOut | None = None


class DeskSessionOut(SessionOut):
    """One session as the gatehouse sees it."""

    door: Annotated[str | None, Field(description="Whose it is; null if nobody is known.")]


class StoppedOut(BaseModel):
    """A session that is being stopped, or was over already."""

    id: str
    state: str
