"""Telling a browser's request from one of the stack's own parts.

The services of the stack listen on this machine, where each page that is open in a browser may
send them requests, whoever made the page.
"""

from email.message import Message

JSON = "application/json"


def sent_by_a_page(headers: Message) -> bool:
    """Tell whether a POST may come from a web page.

    A browser names the page's origin with each POST. Where it does not, it still sends nothing but
    forms and plain text without asking the service first, and nobody here answers such questions.
    """
    return "Origin" in headers or headers.get_content_type() != JSON


REFUSAL = f"only parts of the stack may ask this, with Content-Type {JSON} and no Origin"
