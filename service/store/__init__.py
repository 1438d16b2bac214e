"""Ground floor: the engine, one unit of work (one transaction), the migrations."""
