"""One frozen Settings, read once from the environment (`BEIMEN_...`) or a file `beimen.env`."""

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an installation may set. Units are in the names; defaults suit the first compound."""

    model_config = SettingsConfigDict(
        env_prefix="BEIMEN_", env_file="beimen.env", frozen=True, extra="ignore"
    )

    compound: str = "北门小区"
    zone_name: str = "Asia/Shanghai"
    public_url: str = "http://127.0.0.1:8080"
    demo: bool = False
    service_phone: str = Field("", description="Printed on every price board and page.")

    database_url: str = "sqlite:///var/beimen.db"

    http_host: str = "127.0.0.1"
    http_port: int = 8080
    secret_key: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")

    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_user: str = "core"
    mqtt_password: SecretStr = SecretStr("")
    mqtt_tls_ca: Path | None = None
    mqtt_client_id: str = "core"

    inbox_limit: int = 20_000
    batch_messages: int = 200
    batch_wait_ms: int = 10

    government_price_e4: int = Field(
        4870,
        description="Ceiling of the electricity price in 0.0001 yuan per kWh. Shanxi, supply below "
        "1 kV: 0.487 yuan (Shanxi Evening News, 2024-09-04, gutanghong.com/info/2151/385186.htm).",
    )
    outlet_limit_w: int = Field(
        1000,
        ge=100,
        le=2000,
        description="An outlet's limit. 2,000 W is the ceiling of real two-outlet piles (AP3000 "
        "device protocol 8.6, public repository taoyao-code/iot-zinx); e-bikes draw 100 to 450 W.",
    )
    longest_session_s: int = 36_000
    session_energy_wh: int = 3000

    notify_urls: list[SecretStr] = Field(
        default_factory=list, description="apprise addresses of maintenance and gatehouse."
    )
    notify_cooldown_s: int = 900
    escalate_urls: list[SecretStr] = Field(
        default_factory=list,
        description="apprise addresses of who is next in line when nobody answers.",
    )
    escalate_after_minutes: int = Field(
        15,
        ge=1,
        le=240,
        description="Minutes in which somebody has to acknowledge or take a critical incident; "
        "then the next in line are told, or the first ones again where nobody is next.",
    )

    committee_notify_urls: list[SecretStr] = Field(
        default_factory=list, description="apprise addresses of the committee: reminders, closes."
    )

    close_after_days: int = Field(
        5,
        ge=0,
        le=28,
        description="Days that the committee has to close a month by hand; then it closes by "
        "itself. What belongs to a month is decided at midnight of the first in either case.",
    )
    reminder_after_days: int = Field(
        30, ge=1, description="A statement that is unpaid for this long is an arrear."
    )
    erase_after_days: int = Field(
        180,
        ge=1,
        description="Days after which payers' names, and what people wrote, are erased; the books "
        "need neither (Personal Information Protection Law, article 19: the shortest time).",
    )
    photos_last_days: int = Field(
        90,
        ge=1,
        description="Days after the closing of an incident in which its photos may be looked at; "
        "then they are erased.",
    )

    @property
    def zone(self) -> ZoneInfo:
        """The compound's time zone: bands and months begin by it."""
        return ZoneInfo(self.zone_name)
