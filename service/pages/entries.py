"""Entries written by hand, their vouchers, and the second signature."""

from fastapi import APIRouter

router = APIRouter()
