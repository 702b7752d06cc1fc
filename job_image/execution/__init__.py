"""One execution of the render job: claim, fetch, render, publish, report."""
