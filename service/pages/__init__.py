"""The HTML edge: resident, gatehouse, maintenance, committee, public."""
