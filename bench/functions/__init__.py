"""The functions as Lambda runs them: built artifacts, Lambda's runtime client, and AWS over TLS on this machine.

    make bench                          build, measure, print, and keep the table in docs/performance.md
    python -m bench.functions --help    measure what is in .aws-sam/build

Every function is measured in turn with a bare handler under the same runtime, so that the ratio of the two says
something on any machine. Only the function's own process counts: what stands in for Lambda and AWS runs in another.
"""
