"""Answers support tickets; its prompts are trained by `autodiff-tui train train.toml`."""

from faq import look_up

from autodiff_engine.program import Node, Prompt, Text, Trace, labels, program, regex

CLASSIFY = Prompt(system="{{ task }}", user="Ticket: {{ ticket }}")
QUERY = Prompt(system="{{ task }}", user="Ticket: {{ ticket }}\nTopic: {{ topic }}")
ANSWER = Prompt(system="{{ task }}\n{{ format }}", user="Ticket: {{ ticket }}\n\nHelp articles:\n{{ articles }}")

TEXTS = [
    Text(
        "classify.task",
        role="says which topics there are and how to tell them apart",
        value="Which topic is the ticket about: billing, account, delivery or product?",
    ),
    Text(
        "query.task",
        role="says how to write a search query that finds the right help article",
        value="Write a search query for our help articles.",
    ),
    Text(
        "answer.task",
        role="says how to choose among the articles that were found, and how to help",
        value="Help the customer with the article that fits.",
    ),
    Text(
        "answer.format",
        role="says how the reply must end, so that the article's number can be read from it",
        value="End with 'Article: A' and its number.",
    ),
]


@program(texts=TEXTS)
async def answer(trace: Trace, ticket: str) -> Node:
    asked = trace.input("ticket", ticket)
    topic = await trace.generate(
        "classify",
        template=CLASSIFY,
        prompts=["classify.task"],
        ticket=asked,
        parse=labels("billing", "account", "delivery", "product"),
    )
    query = await trace.generate("query", template=QUERY, prompts=["query.task"], ticket=asked, topic=topic)
    k = trace.hyperparameter("k", 2)
    articles = await trace.apply("look_up", look_up, topic, query, k, role="the help articles found", kind="retrieved")
    return await trace.generate(
        "answer",
        template=ANSWER,
        prompts=["answer.task", "answer.format"],
        ticket=asked,
        articles=articles,
        parse=regex(r"Article: (A\d+)"),
    )
