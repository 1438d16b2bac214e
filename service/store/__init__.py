"""Ground floor: the engine, one unit of work (one transaction), the migrations."""

from service.store import naming as naming  # before any room's first table
from service.store.unit_of_work import Store, UnitOfWork

__all__ = ["Store", "UnitOfWork"]
