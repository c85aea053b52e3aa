"""Answers a support ticket: python before.py "Where is my parcel?"."""

import sys

import litellm
from faq import look_up

CLASSIFY = "Which topic is the ticket about: billing, account, delivery or product?"
QUERY = "Write a search query for our help articles."
ANSWER = "Help the customer with the article that fits. End with 'Article: A' and its number."


def ask(system: str, user: str) -> str:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    reply = litellm.completion(model="openai/gpt-4o-mini", messages=messages, temperature=0, max_tokens=300)
    return reply.choices[0].message.content


def answer(ticket: str) -> str:
    topic = ask(CLASSIFY, f"Ticket: {ticket}")
    query = ask(QUERY, f"Ticket: {ticket}\nTopic: {topic}")
    articles = look_up(topic, query, "2")
    return ask(ANSWER, f"Ticket: {ticket}\n\nHelp articles:\n{articles}")


if __name__ == "__main__":
    print(answer(sys.argv[1]))
