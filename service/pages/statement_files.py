"""Statements as files: PDF, XLSX, and all of an entrance in one."""

from fastapi import APIRouter

router = APIRouter()
