"""What is drawn into the open pages of one household: what runs, and the outlet it waits for."""

from collections.abc import Callable

from service.flow.house import House
from service.live import Topic
from service.pages.draw import fragment
from service.pages.look import pile_numbers, sessions_now
from service.pages.resident import session_context
from service.pages.session_view import session_view
from service.pages.wish_view import wish_view
from service.sessions.records import wish_of


def household_renderer(house: House) -> Callable[[Topic, str], str]:
    """Draws a household's topic; the variant is '<language>:now' or '<language>:wish'."""

    def render(topic: Topic, variant: str) -> str:
        language, _, part = variant.partition(":")
        own, zone = int(str(topic[1])), house.settings.zone
        with house.look() as work:
            if part == "wish":
                row = wish_of(work.uow, own)
                view = wish_view(row, pile_numbers(house), work.now, zone)
                return fragment(language, "wish_line.html", {"wish": view})
            running = [session_view(facts, zone) for facts in sessions_now(work, own)]
        contexts = [session_context(one) for one in running]
        return fragment(language, "me_live.html", {"running": contexts})

    return render
