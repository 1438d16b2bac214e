"""The committee's money page, and the guided close of a month."""

from fastapi import APIRouter

router = APIRouter()
