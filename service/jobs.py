"""The timetable: which action runs when. APScheduler appears only here."""
