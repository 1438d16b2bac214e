"""Tariffs: the one in force, those proposed, what a proposal would change, the decision."""

from fastapi import APIRouter

router = APIRouter()
