"""The desk's stage as a program: python -m tests.cores.conformance.program DESK.DB"""

import json
import sys
from pathlib import Path
from typing import Any

from portal.cores.conformance.stage import Missing
from portal.desk.database import Store
from tests.cores.conformance.desk_stage import DeskStage


def _answer(stage: DeskStage, question: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": stage.play(question.pop("verb"), **question)}
    except Missing:
        return {"missing": True}
    except Exception as error:  # whatever it is, the suite says it
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    stage = DeskStage(Store(Path(sys.argv[1])))
    for line in sys.stdin:
        print(json.dumps(_answer(stage, json.loads(line))), flush=True)
