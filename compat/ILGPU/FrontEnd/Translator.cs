using System.Reflection;
using ILGPU.Compat.Ir;

namespace ILGPU.Compat.FrontEnd;

/// <summary>From IL to basic blocks of scalars.</summary>
static class Translator
{
    public static KernelMethod Translate(MethodInfo method, long[] specialized) => throw new NotImplementedException();
}
