"""Print reports for people: tables and sentences."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from course import progress as records

SIGNS = {
    "right": "[green]✓ right[/]",
    "partly": "[yellow]◐ partly[/]",
    "wrong": "[red]✗ not yet[/]",
    "empty": "[dim]○ empty[/]",
    "written": "[cyan]✎ written[/]",
}


def report(console: Console, found) -> None:
    """Print what `course check` found in one notebook."""
    table = Table(
        title=f"{found.lesson}   {found.points} of {found.of} points", title_justify="left"
    )
    table.add_column("exercise", no_wrap=True)
    table.add_column("points", justify="right")
    table.add_column("state", no_wrap=True)
    table.add_column("what the check says")
    for row in found.rows:
        points = f"{row.points}/{row.of}" if row.kind == "exercise" else f"·/{row.of}"
        said = row.message.splitlines()[0] if row.message else ""
        if row.kind == "question":
            said = (
                "graded by a person"
                if row.state == "written"
                else "waiting for your answer"
            )
        table.add_row(escape(row.name), points, SIGNS[row.state], escape(said))
    console.print(table)
    for note in found.notes:
        console.print(f"Note: {escape(note)}.", highlight=False)
    console.print(_next(found), highlight=False)
    if not found.hidden:
        console.print("Hidden tests were not run: the solutions folder is not here.")
    console.print(
        f"[dim]{found.seconds} s; your notebook was not changed.[/]", highlight=False
    )


def _next(found) -> str:
    for row in found.rows:
        if row.kind == "exercise" and row.state in ("wrong", "partly"):
            return f"\n[bold]Next: {escape(row.name)}[/]\n{escape(row.message)}\n"
    for row in found.rows:
        if row.kind == "exercise" and row.state == "empty":
            return f"[bold]Next: {escape(row.name)}.[/] Its cell is still empty."
    for row in found.rows:
        if row.state == "empty":
            return f"[bold]Next:[/] answer the question {escape(row.name)} in words."
    return "Every exercise is right and every question is answered. On to the next lesson."


def progress(console: Console, rows: list[dict]) -> None:
    """Print all lessons with points and state, and what to do next."""
    table = Table(title="Your progress", title_justify="left")
    for name in ("lesson", "points", "tried", "state", "last check"):
        table.add_column(name, justify="right" if name in ("points", "tried") else "left")
    for row in rows:
        checked = row["points"] is not None
        table.add_row(
            row["lesson"],
            f"{row['points']}/{row['of']}" if checked else "",
            f"{row['tried']} of {row['items']}" if checked else "",
            row["state"],
            (row["when"] or "").replace("T", " ")[:16],
        )
    console.print(table)
    console.print(
        f"[bold]Next:[/] {records.next_step(rows)}", highlight=False, soft_wrap=True
    )


def doctor(console: Console, facts: dict) -> None:
    """Print the facts about an installation, one group after the other."""
    for group, entries in facts.items():
        console.print(f"[bold]{group}[/]")
        for name, value in entries.items():
            console.print(
                f"  {name:16} {escape(str(value))}", highlight=False, soft_wrap=True
            )


def roster(console: Console, rows) -> None:
    """Print who has a grade, who has none and why, and how many of each."""
    table = Table(box=None, pad_edge=False)
    for name in ("student", "state", "score", "why"):
        side = "right" if name == "score" else "left"
        table.add_column(
            name, justify=side, overflow="fold", no_wrap=name in ("state", "score")
        )
    for row in rows:
        score = "-" if row.score is None else f"{row.score:g}/{row.max:g}"
        table.add_row(escape(row.student), row.state, score, escape(row.why))
    console.print(table)
    states = [row.state for row in rows]
    parts = [f"{states.count(state)} {state}" for state in sorted(set(states))]
    console.print(f"\n{len(rows)} students: {', '.join(parts)}", highlight=False)
