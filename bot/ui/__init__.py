"""What commands share: cards, private answers, the router for buttons and modals, the stage of the jobs."""
