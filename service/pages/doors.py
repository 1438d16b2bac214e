"""Households: moving in and out, splitting and merging."""

from fastapi import APIRouter

router = APIRouter()
