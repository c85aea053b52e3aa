"""Two LLM calls: the first says what a passenger wants, the second chooses the desk that can give it."""

from autodiff_engine.program import Node, Prompt, Text, Trace, labels, program

WANT = Prompt(system="{{ task }}", user="Message: {{ message }}")
CHOOSE = Prompt(system="{{ task }}\n{{ format }}", user="Message: {{ message }}\nThe passenger wants: {{ want }}")

# What training rewrites. The role is told to the LLMs that write feedback and new texts; the value is where it starts.
TEXTS = [
    Text("want.task", role="says how to find out what the passenger wants", value="Say what the passenger wants."),
    Text("choose.task", role="says which desk is for what", value="Choose the desk that should answer."),
    Text(
        "choose.format",
        role="says in which form the desk has to be named",
        value="Reply with one word: tickets, drivers, lost or network.",
    ),
]


@program(texts=TEXTS)
async def answer(trace: Trace, message: str) -> Node:
    """Run the program on one row: parameters after the trace are columns of the data."""
    asked = trace.input("message", message)
    want = await trace.generate("want", template=WANT, prompts=["want.task"], message=asked)
    return await trace.generate(
        "choose",
        template=CHOOSE,
        prompts=["choose.task", "choose.format"],
        message=asked,
        want=want,
        parse=labels("tickets", "drivers", "lost", "network"),
    )
