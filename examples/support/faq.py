"""The help articles, and the tool that looks them up."""

import re

ARTICLES = [
    ("A1", "billing", "Send an item back and get a refund"),
    ("A2", "billing", "Download an invoice or a receipt with VAT"),
    ("A3", "account", "Reset a forgotten password"),
    ("A4", "account", "Close the account and delete all personal data"),
    ("A5", "delivery", "Track a parcel that is late or lost"),
    ("A6", "delivery", "Change the delivery address of an order"),
    ("A7", "product", "Reinstall the app when it crashes or freezes"),
    ("A8", "product", "Pair the headset over Bluetooth"),
]


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def look_up(topic: str, query: str, k: str) -> str:
    """Return the k articles that share most words with the query; the topic counts as one word."""

    def shared(article: tuple[str, str, str]) -> int:
        return len(words(query) & words(article[2])) + (topic == article[1])

    best = sorted(ARTICLES, key=shared, reverse=True)[: int(k)]
    return "\n".join(f"{number} ({topic}): {title}" for number, topic, title in best)
