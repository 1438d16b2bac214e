"""The conductor: a pile message, a request, a tick, each walked through the rooms in plain calls.

- `uplink.py`   what a pile says: message -> boot -> session -> meter -> risk -> page
- `requests.py` what a person asks: start, stop, leave the queue, operate a pile
- `ticks.py`    what time brings: resends, timeouts, the queue, shedding, silence, posting
- `books.py`    the close of a month: post, close, gather the account, publish
- `deciding.py` what a person decides about a held session
- `questioning.py` a disputed line: the evidence, the question, the answer
- `orders.py`   what a pile is told, put into the outbox
- `house.py`    what the conductor holds in its hands: the board in memory and one unit of work
"""

from service.flow.house import House, Outcomes, Work

__all__ = ["House", "Outcomes", "Work"]
