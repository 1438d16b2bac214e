"""Payments: at the desk with a receipt, and from the file of a bank."""

from fastapi import APIRouter

router = APIRouter()
