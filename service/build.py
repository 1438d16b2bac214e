"""Joins the parts: the only place that creates engine, link, clock, scheduler and app."""
