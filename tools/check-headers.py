#!/usr/bin/env python3
"""Compiles each header under src/ alone and twice: it must need nothing before it."""
import pathlib, subprocess, sys

src, compiler = pathlib.Path(sys.argv[1]), sys.argv[2:]
bad = 0
for header in sorted(src.glob("*/*.h")):
    include = f'#include "{header.relative_to(src)}"\n'
    done = subprocess.run([*compiler, "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Werror", f"-I{src}", "-fsyntax-only", "-xc", "-"],
                          input=include * 2, text=True, capture_output=True)
    if done.returncode != 0:
        bad += 1
        print(f"{header}:\n{done.stderr}")
sys.exit(bool(bad))
