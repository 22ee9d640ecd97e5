using System.Collections;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>
/// Which uses of a method's locals belong together. The C# compiler gives one local to several variables that don't live at
/// once; here each gets a place of its own again (a web: assignments and the uses that they reach), so that the one's address
/// space or constant isn't the other's. A web that is assigned once and never through its address needs no variable at all:
/// it is another name for the value.
/// </summary>
sealed class LocalUse
{
    /// <summary>A local's web.</summary>
    /// <param name="Local">What the method says of it.</param>
    /// <param name="IsName">Assigned once, and as a whole.</param>
    public sealed record Web(LocalVariableInfo Local, bool IsName);

    enum Access { Read, Assign, Change }

    readonly IlMethod il;
    readonly int[] webOf;
    readonly bool[] assignedArguments;

    public LocalUse(IlMethod il)
    {
        this.il = il;
        assignedArguments = new bool[il.Parameters.Length];
        for (int i = 0; i < il.Instructions.Length; i++)
            if (il.Instructions[i].Name is "starg" || il.Instructions[i].Name is "ldarga" && AddressAccess(i) != Access.Read)
                assignedArguments[il.Instructions[i].Int] = true;
        webOf = new int[il.Instructions.Length];
        Webs = FindWebs();
    }

    public Web[] Webs { get; }

    /// <summary>The web of the local that instruction <paramref name="i"/> names.</summary>
    public int WebAt(int i) => webOf[i];

    /// <summary>Whether an argument may change in the method, so that it needs a variable.</summary>
    public bool IsAssigned(int argument) => assignedArguments[argument];

    Web[] FindWebs()
    {
        // Each assignment is known by its instruction; which ones reach a block's start, by the usual iteration.
        int n = il.Instructions.Length;
        var access = new Access?[n];
        var assignments = new Dictionary<int, BitArray>(); // of a local
        for (int i = 0; i < n; i++)
        {
            access[i] = il.Instructions[i].Name switch { "ldloc" => Access.Read, "stloc" => Access.Assign, "ldloca" => AddressAccess(i), _ => null };
            if (access[i] is null) continue;
            int local = il.Instructions[i].Int;
            if (!assignments.ContainsKey(local)) assignments[local] = new(n);
            if (access[i] != Access.Read) assignments[local][i] = true;
        }

        int[] parent = [.. Enumerable.Range(0, n)];
        var atStart = il.Blocks.ToDictionary(block => block, _ => new BitArray(n));
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var block in il.Blocks)
            {
                var reaching = Walk(block, unite: false);
                foreach (var successor in block.Successors)
                {
                    var merged = new BitArray(atStart[successor]).Or(reaching);
                    if (Same(merged, atStart[successor])) continue;
                    atStart[successor] = merged;
                    changed = true;
                }
            }
        }
        foreach (var block in il.Blocks) Walk(block, unite: true);

        var webs = new List<Web>();
        var numbers = new Dictionary<int, int>();
        for (int i = 0; i < n; i++)
        {
            if (access[i] is null) continue;
            int root = Root(i);
            if (!numbers.TryGetValue(root, out webOf[i]))
            {
                numbers[root] = webOf[i] = webs.Count;
                int[] writers = [.. Enumerable.Range(0, n).Where(j => access[j] is Access.Assign or Access.Change && Root(j) == root)];
                bool isName = writers is [int only] && il.Instructions[only].Name == "stloc";
                webs.Add(new(il.Locals[il.Instructions[i].Int], isName));
            }
        }
        return [.. webs];

        BitArray Walk(IlBlock block, bool unite)
        {
            var reaching = new BitArray(atStart[block]);
            for (int i = block.First; i <= block.Last; i++)
            {
                if (access[i] is not { } kind) continue;
                var own = assignments[il.Instructions[i].Int];
                if (unite && kind != Access.Assign)
                    for (int j = 0; j < n; j++)
                        if (own[j] && reaching[j]) parent[Root(j)] = Root(i);
                if (kind == Access.Assign) reaching.And(new BitArray(own).Not());
                if (kind != Access.Read) reaching[i] = true;
            }
            return reaching;
        }

        int Root(int i)
        {
            while (parent[i] != i) i = parent[i] = parent[parent[i]];
            return i;
        }

        static bool Same(BitArray a, BitArray b)
        {
            for (int i = 0; i < a.Length; i++)
                if (a[i] != b[i]) return false;
            return true;
        }
    }

    /// <summary>What is done through the address that instruction <paramref name="i"/> leaves on the stack.</summary>
    Access AddressAccess(int i)
    {
        int above = 0; // values on the stack over the address
        for (int j = i + 1; j < il.Instructions.Length; j++)
        {
            var instruction = il.Instructions[j];
            if (instruction.Code.FlowControl is FlowControl.Branch or FlowControl.Cond_Branch or FlowControl.Return) return Access.Change;
            int pops = Pops(instruction);
            if (pops <= above)
            {
                above += Pushes(instruction) - pops;
                continue;
            }
            switch (instruction.Name)
            {
                case "ldflda": return AddressAccess(j) == Access.Read ? Access.Read : Access.Change;
                case "initobj": return Access.Assign;
                case "ldfld" or "ldobj": return Access.Read;
                case "call": return IsRead(il.ResolveMethod(instruction.Int), pops - 1 - above) ? Access.Read : Access.Change;
                default: return instruction.Name.StartsWith("ldind", StringComparison.Ordinal) ? Access.Read : Access.Change;
            }
        }
        return Access.Change;
    }

    static bool IsRead(MethodBase method, int argument)
    {
        if (!method.IsStatic && argument-- == 0)
            return !method.IsConstructor && (IsReadOnly(method) || IsReadOnly(method.DeclaringType!));
        return method.GetParameters()[argument].IsIn;

        static bool IsReadOnly(MemberInfo member) => member.IsDefined(typeof(IsReadOnlyAttribute), inherit: false);
    }

    int Pops(IlInstruction instruction)
    {
        if (instruction.Code.StackBehaviourPop == StackBehaviour.Varpop)
        {
            if (instruction.Name is not ("call" or "callvirt" or "newobj")) return 0;
            var method = il.ResolveMethod(instruction.Int);
            return method.GetParameters().Length + (method.IsStatic || instruction.Name == "newobj" ? 0 : 1);
        }
        return instruction.Code.StackBehaviourPop switch
        {
            StackBehaviour.Pop0 => 0,
            StackBehaviour.Pop1 or StackBehaviour.Popi or StackBehaviour.Popref => 1,
            StackBehaviour.Popi_popi_popi or StackBehaviour.Popref_popi_popi or StackBehaviour.Popref_popi_popi8 or StackBehaviour.Popref_popi_popr4
                or StackBehaviour.Popref_popi_popr8 or StackBehaviour.Popref_popi_popref or StackBehaviour.Popref_popi_pop1 => 3,
            _ => 2,
        };
    }

    int Pushes(IlInstruction instruction) => instruction.Code.StackBehaviourPush switch
    {
        StackBehaviour.Push0 => 0,
        StackBehaviour.Push1_push1 => 2,
        StackBehaviour.Varpush => il.ResolveMethod(instruction.Int) is MethodInfo method && method.ReturnType == typeof(void) ? 0 : 1,
        _ => 1,
    };
}
