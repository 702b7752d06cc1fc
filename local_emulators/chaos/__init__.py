"""Many tasks through the local stack while its parts are killed, paused and confused."""
