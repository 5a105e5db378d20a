"""What a member may do and what that is thought to cost. Pure: the counters are in `bot.store.ledger`."""
