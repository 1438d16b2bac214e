"""The JSON edge: /api/v1 for programs, /metrics for Prometheus, /healthz and /readyz for whoever
restarts things.

A route names exactly one action of the access table, so one address never means different things
to different people: a household's own things are under /me and /sessions, what the gatehouse does
for others is under /desk. Shapes (`..._shapes.py`) are what is promised to programs; they are not
the tables. `install(app)` hangs everything into an app.
"""

from service.api.hang import install

__all__ = ["install"]
