"""Forward passes of models of features, written once for PyTorch and NumPy.

A function takes a network (a PyTorch module, or `symbolic.forward.numpy_net.Net` with the same
names), arrays of its library, and `ops`, the module of operations of that library:
`symbolic.forward.torch_ops` or `symbolic.forward.numpy_ops`. Importing loads no PyTorch.
"""
