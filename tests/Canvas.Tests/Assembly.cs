// Each test listens and computes: one at a time, so that one's load is not another's fault.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
