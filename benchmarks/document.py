"""How many lines of YAML are read in a second: a file close to the limit, the best of several runs.

python -m benchmarks.document [runs] [report.json]
"""

import json
import sys
import time
from pathlib import Path

from engine.document import read_text
from engine.document.encoding import MAX_SIZE

OPERATION = """\
  find_client_{n}:
    capability: identity                     # the contract it fulfils
    accepts: [phone, email]
    request:
      method: GET
      path: /api/v4/contacts
      query: {{query: "{{{{ input.value | phone('digits') if input.type == 'phone' else input.value }}}}", limit: 50}}
    response:
      empty_when: status == `204`
      errors:
        - {{when: "body.title == 'Account blocked'", code: upstream_auth}}
        - {{message: body.detail || body.title}}
    output:
      clients:
        each: body._embedded.contacts
        where: contains(row.phones, input.value)
        as:
          key: item.id
          name: item.name
          phones: item.custom_fields_values[?field_code=='PHONE'].values[].value
          url: >-
            https://example.amocrm.ru/contacts/detail/
            {{{{ item.id }}}}

"""


def connector() -> str:
    """A connector of as many operations as fit the limit."""
    one = OPERATION.format(n=1000)
    return "connector: bench\noperations:\n" + "".join(OPERATION.format(n=n) for n in range(MAX_SIZE // len(one) - 1))


def main() -> None:
    text = connector()
    lines, best = text.count("\n"), float("inf")
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 5):
        start = time.perf_counter()
        read_text(text, "bench.yaml")
        best = min(best, time.perf_counter() - start)
    print(f"{lines:,} lines, {len(text) / 1024:,.0f} KiB: {best * 1000:.0f} ms, {lines / best:,.0f} lines/s")
    if len(sys.argv) > 2:
        report = {"lines": lines, "bytes": len(text.encode()), "lines_per_second": round(lines / best)}
        Path(sys.argv[2]).write_text(json.dumps(report) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
