print(f"{CHECKED} numbers compared; largest relative difference of a regression's coefficient "
      f"{WORST['coefficient']:.1e}, of a standard error {WORST['standard error']:.1e}")
for line in SKIPPED:
    print("not compared:", line)
for line in FAILED:
    print("differs:", line)
print("agrees" if not FAILED else f"{len(FAILED)} numbers differ")
sys.exit(1 if FAILED else 0)
