"""Figures that the committee looks at. This room reads across the others and writes nothing.

- `records/`        the SQL (there is no table of its own)
- `actions/`        reads a span of time, a month or a session and puts its figures together
- `visits.py`       sessions: asked, started, energy, waiting, by day and by entrance
- `utilisation.py`  how long outlets are taken, by outlet and by hour of the week
- `outages.py`      how much of the time outlets could be used, and how long repairs took
- `account.py`      a month as the open books publish it
- `peaks.py`        how full each cable was, day by day
- `grid.py`         the grid's meter against the sessions
- `still_open.py`   what keeps a month from being closed
- `money.py`        what the ledger moved, month by month
- `balance.py`      do meters and bills agree, to the watt-hour?
- `evidence.py`     everything known of one session on one sheet, with a digest
- `bases.py`        what of it may be billed or given back, to the fen
- `spans.py`        months of the compound's clock as spans of time
"""
