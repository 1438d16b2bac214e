"""Outlets and prices as programs receive them; nothing here is about a person."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

PRICE = "In 0.0001 yuan per kWh: 4870 is 0.487 yuan."


class OutletOut(BaseModel):
    """One outlet, as everybody may see it."""

    pile: Annotated[str, Field(examples=["LB-017"])]
    pile_number: Annotated[int, Field(description="The number on the label.")]
    outlet: int
    entrance: int
    face: Annotated[str, Field(description="free, in_use, full, silent or out_of_order")]
    heard_at: Annotated[
        datetime | None, Field(description="When the pile was last heard: the age of this answer.")
    ]


class BandOut(BaseModel):
    """Half-hours of the day with the same price."""

    name: str
    times: Annotated[str, Field(examples=["08:00-22:00"], description="By the compound's clock.")]
    electricity_e4: Annotated[int, Field(description=PRICE)]
    service_e4: Annotated[int, Field(description=PRICE)]


class TariffOut(BaseModel):
    """The price now and round the clock. A session keeps the version it began with."""

    version: int
    starts_at: datetime
    electricity_e4: Annotated[int, Field(description=f"Electricity at this moment. {PRICE}")]
    service_e4: Annotated[int, Field(description=f"Service fee at this moment. {PRICE}")]
    next_change_at: Annotated[
        datetime | None, Field(description="When the price changes next; null if it never does.")
    ]
    bands: list[BandOut]


class FeederOut(BaseModel):
    """One supply cable now."""

    id: str
    name: str
    parent_id: str | None
    entrance: int | None
    rating_ma: Annotated[int, Field(description="What its breaker is rated, per phase, in mA.")]
    current_ma: Annotated[int, Field(description="Of its fullest phase, silent outlets at limit.")]
    assumed_ma: Annotated[int, Field(description="The part of it that nobody measured.")]
    drawing: Annotated[int, Field(description="Outlets that draw, or are counted as if.")]
    silent: Annotated[int, Field(description="Outlets among them that were not heard.")]
    level: Annotated[str, Field(description="calm, near or over")]
    sentence: Annotated[str, Field(description="Why, for a person.")]
    level_since: datetime | None
    queued: Annotated[int, Field(description="Starts that wait for it.")]
