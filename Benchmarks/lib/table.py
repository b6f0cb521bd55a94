"""Prints tables, and keeps them as Markdown."""


class Report:
    def __init__(self, machine):
        self._lines = []
        self._say(machine, machine + ".")

    def _say(self, text, markdown):
        print(text, flush=True)
        self._lines.append(markdown)

    def note(self, text):
        self._say("note: " + text, f"\nNote: {text}.")

    def heading(self, text):
        self._say(f"\n== {text}", f"\n## {text}")

    def line(self, text):
        self._say("  " + text, f"\n- {text}")

    def table(self, title, rows, targets=None, smaller_than=None):
        """`rows` as Contestants.time gives them, ours first; `targets`: at most this × that contestant's time;
        `smaller_than`: the contestant whose peak is not to be exceeded."""
        ours = rows[0][1]
        if title:
            self._say(f"-- {title}", f"\n### {title}")
        print(f"{'':16}{'wall ms':>9}{'least':>9}{'p90':>9}{'cpu ms':>9}{'peak KiB':>10}{'faults':>8}"
              f"  {rows[0][0]} takes")
        self._lines.append("\n| | wall ms | least | p90 | cpu ms | peak KiB | faults |"
                           f" {rows[0][0]} takes (wall) | (cpu) | target |\n"
                           "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
        for name, row in rows:
            wall, cpu = ours["wall"] / row["wall"], ours["cpu"] / row["cpu"]
            goal, verdict = (targets or {}).get(name), ""
            if goal:
                verdict = f"   target {goal:.2f} x: {'reached' if wall <= goal else 'MISSED'}"
            fits = ours["rss"] <= row["rss"]
            if name == smaller_than:
                verdict += f"; peak at most this one's: {'reached' if fits else 'MISSED'}"
            ratio = "" if row is ours else f"{wall:6.2f} x wall {cpu:6.2f} x cpu{verdict}"
            print(f"{name:16}{row['wall']:9.2f}{row['least']:9.2f}{row['most']:9.2f}{row['cpu']:9.2f}"
                  f"{row['rss']:10.0f}{row['faults']:8.0f}  {ratio}", flush=True)
            ratios = ("", "") if row is ours else (f"{wall:.2f} ×", f"{cpu:.2f} ×")
            target = f"≤ {goal:.2f} ×: {'reached' if wall <= goal else '**missed**'}" if goal else ""
            if name == smaller_than:
                target += f"; peak ≤: {'reached' if fits else '**missed**'}"
            self._lines.append(
                f"| {name} | {row['wall']:.2f} | {row['least']:.2f} | {row['most']:.2f} | {row['cpu']:.2f} |"
                f" {row['rss']:.0f} | {row['faults']:.0f} | {ratios[0]} | {ratios[1]} | {target} |")

    def save(self, path):
        with open(path, "w") as stream:
            stream.write("\n".join(self._lines) + "\n")
