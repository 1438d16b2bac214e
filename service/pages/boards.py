"""Price boards to print, one for each pile and each entrance."""

from fastapi import APIRouter

router = APIRouter()
