"""How long each function takes to import, from the layer as it is built, with and without its bytecode.

    make bench

Only the standard library, boto3 and the built layers are on the path, as in Lambda.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3

BUILT = Path(".aws-sam/build")
FUNCTIONS = {
    "WebhookReceiver": "webhook_receiver",
    "StartBuild": "start_build",
    "AuditWriter": "audit_writer",
    "Notify": "notify",
}
RUNS = 7


def main() -> None:
    if not BUILT.is_dir():
        sys.exit("no build to measure: run `make bench`")
    with tempfile.TemporaryDirectory(dir=".aws-sam") as scratch:
        bare = Path(scratch) / "build"
        shutil.copytree(BUILT, bare)
        for compiled in bare.rglob("*.pyc"):
            compiled.unlink()
        print(f"{'import, median of ' + str(RUNS):<22} {'bytecode':>9} {'without':>9} {'ratio':>6}")
        for logical_id, name in FUNCTIONS.items():
            # In turn, so that a machine that slows down slows both.
            pairs = [(seconds(BUILT, logical_id, name), seconds(bare, logical_id, name)) for _ in range(RUNS)]
            with_bytecode, without = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(slow / quick for quick, slow in pairs)
            print(f"{name:<22} {with_bytecode * 1000:6.0f} ms {without * 1000:6.0f} ms {ratio:6.2f}")


def seconds(build: Path, logical_id: str, name: str) -> float:
    """Wall time of a new Python that imports the handler."""
    path = [
        build / logical_id,
        build / "SharedLayer/python",
        build / "RoutesLayer/python",
        Path(boto3.__file__).parents[1],
    ]
    code = f"import sys; sys.path[:0] = {[str(each.resolve()) for each in path]!r}; import functions.{name}.handler"
    environment = {"AWS_REGION": "us-east-1", "POWERTOOLS_METRICS_NAMESPACE": "bench"}
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], env=environment, check=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
