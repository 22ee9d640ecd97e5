// The backends share the process's one pool of threads, and allocation is counted: one test at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
