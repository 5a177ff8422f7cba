"""Esplora's REST interface under `/api`, for wallets that ask an explorer instead of a node."""

from ccxx_explorer.esplora import blocks, pool, scripts, transactions

ENDPOINTS = (
    *transactions.ENDPOINTS,
    *scripts.ENDPOINTS,
    *blocks.ENDPOINTS,
    *pool.ENDPOINTS,
)
