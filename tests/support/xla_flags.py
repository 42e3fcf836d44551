"""Holds the flags with which XLA compiles in the tests: quickly, for code that runs a few times.

Compiling takes two thirds of the time of a small `fit`: LLVM's optimizations a part of it, and the
generator of fused kernels, which makes them by MLIR, the most. XLA reads the variable XLA_FLAGS
once in each process. A test of `tests/fast_fit/test_loop.py` trains with XLA's own settings.
"""

QUICK = (
    "--xla_cpu_use_fusion_emitters=false "
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)
