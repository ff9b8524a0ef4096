"""The equations of the modern cells in float64 numpy, one example, written from the papers and not from the package.

Each oracle is a function of `(p, xs, options)` that gives the outputs of all steps. `p` holds the parameters by name;
`p["q"]["W"][i, j]` leads from input i to output j. What a cell leaves open (how many heads, which order of rows in a
matrix of several parts) is told in its file's docstring, and that order is all the oracle shares with the package.
"""

import numpy as np

EPS = 1e-6  # under the root of a unit vector and of a layer norm


def σ(a):
    return 1 / (1 + np.exp(-a))


def softplus(a):
    return np.log(1 + np.exp(a))


def silu(a):
    return a * σ(a)


def g(a):
    """The positive activation of minGRU and minLSTM."""
    return np.array([value + 0.5 if value >= 0 else σ(value) for value in a])


def unit(k):
    return k / np.sqrt(np.sum(k**2) + EPS)


def affine(p, x):
    return p["W"].T @ x + p["b"]


def affine_rows(p, xs):
    return np.array([affine(p, x) for x in xs])


def heads(a, H):
    """The values of each head, which lie side by side."""
    return [a[h * len(a) // H : (h + 1) * len(a) // H] for h in range(H)]


def width(p):
    return len(p["v"]["b"])


# Controls.


def esn(p, xs):
    h, ys = np.zeros(len(p["b"])), []
    a = p["leak"]
    for x in xs:
        h = (1 - a) * h + a * np.tanh(p["W_h"].T @ h + p["W_x"].T @ x + p["b"])
        ys.append(h)
    return np.array(ys)


def complex_rows(B):
    """A matrix of real and imaginary columns, side by side, as one complex matrix from inputs to states."""
    n = B.shape[1] // 2
    return (B[:, :n] + 1j * B[:, n:]).T


def complex_columns(C):
    n = C.shape[0] // 2
    return (C[:n] + 1j * C[n:]).T


def lru(p, xs):
    λ = np.exp(-np.exp(p["nu"]) + 1j * np.exp(p["theta"]))
    B, C = complex_rows(p["B"]), complex_columns(p["C"])
    h, ys = np.zeros(len(λ), complex), []
    for x in xs:
        h = λ * h + np.exp(p["gamma"]) * (B @ x)
        ys.append((C @ h).real + p["D"].T @ x)
    return np.array(ys)


def integrator(p, xs):
    return p["h0"] + np.cumsum(xs, 0)


def s5(p, xs):
    Λ = -np.exp(p["log_re"]) + 1j * p["im"]
    Δ = np.exp(p["log_step"])
    B, C = complex_rows(p["B"]), complex_columns(p["C"])
    Λ_bar = np.exp(Λ * Δ)
    h, ys = np.zeros(len(Λ), complex), []
    for x in xs:
        h = Λ_bar * h + (Λ_bar - 1) / Λ * (B @ x)
        ys.append(2 * (C @ h).real + p["D"] * x)
    return np.array(ys)


# Vector states.


def mgu(p, xs):
    n = p["W_h"].shape[0]
    (W_f, W_c), (U_f, U_c), (b_f, b_c) = (np.split(p[name], 2, axis=-1) for name in ("W_x", "W_h", "b"))
    h, ys = np.zeros(n), []
    for x in xs:
        f = σ(W_f.T @ x + U_f.T @ h + b_f)
        c = np.tanh(W_c.T @ x + U_c.T @ (f * h) + b_c)
        h = (1 - f) * h + f * c
        ys.append(h)
    return np.array(ys)


def mingru(p, xs):
    h, ys = np.zeros(len(p["z"]["b"])), []
    for x in xs:
        z = σ(affine(p["z"], x))
        h = (1 - z) * h + z * g(affine(p["c"], x))
        ys.append(h)
    return np.array(ys)


def minlstm(p, xs):
    h, ys = np.zeros(len(p["c"]["b"])), []
    for x in xs:
        f, i = σ(affine(p["f"], x)), σ(affine(p["i"], x))
        h = f / (f + i) * h + i / (f + i) * g(affine(p["c"], x))
        ys.append(h)
    return np.array(ys)


def sru(p, xs):
    c, ys = np.zeros(len(p["f"]["b"])), []
    for x in xs:
        f = σ(p["f"]["W"].T @ x + p["f"]["v"] * c + p["f"]["b"])
        r = σ(p["r"]["W"].T @ x + p["r"]["v"] * c + p["r"]["b"])
        c = f * c + (1 - f) * (p["W_c"].T @ x)
        ys.append(r * c + (1 - r) * np.sqrt(3) * (p["W_s"].T @ x if "W_s" in p else x))
    return np.array(ys)


def rglru(p, xs, blocks=1):
    h, ys = np.zeros(len(p["u"]["b"])), []

    def of_blocks(gate, u):
        parts = [W.T @ part for W, part in zip(gate["W"], heads(u, blocks), strict=True)]
        return np.concatenate(parts) + gate["b"]

    for x in xs:
        u = affine(p["u"], x)
        r, i = σ(of_blocks(p["r"], u)), σ(of_blocks(p["i"], u))
        a = np.exp(-8 * softplus(p["decay"]) * r)
        h = a * h + np.sqrt(1 - a**2) * (i * u)
        ys.append(h)
    return np.array(ys)


def slstm(p, xs, heads_=1, forget="sigmoid"):
    n = len(p["f"]["b"])
    c, norm, h = np.zeros(n), np.zeros(n), np.zeros(n)
    ys = []

    def gate(name, x):
        parts = [R.T @ part for R, part in zip(p[name]["R"], heads(h, heads_), strict=True)]
        return affine(p[name], x) + np.concatenate(parts)

    for x in xs:
        i, f, z, o = (gate(name, x) for name in "ifzo")
        i, f = np.exp(i), σ(f) if forget == "sigmoid" else np.exp(f)
        c = f * c + i * np.tanh(z)
        norm = f * norm + i
        h = σ(o) * c / norm
        ys.append(h)
    return np.array(ys)


# Matrix states. S[h] is a matrix from keys to values: S[a, b] of key entry a and value entry b.


def linear_attention(p, xs, H=1, φ=lambda a: np.where(a > 0, a + 1, np.exp(np.minimum(a, 0)))):
    d = width(p) // H
    S, z = np.zeros((H, d, d)), np.zeros((H, d))
    ys = []
    for x in xs:
        q, k, v = (heads(affine(p[name], x), H) for name in "qkv")
        y = []
        for h in range(H):
            S[h] += np.outer(φ(k[h]), v[h])
            z[h] += φ(k[h])
            y.append(S[h].T @ φ(q[h]) / (z[h] @ φ(q[h])))
        ys.append(np.concatenate(y))
    return np.array(ys)


def retnet(p, xs, H=1):
    d = width(p) // H
    S, ys = np.zeros((H, d, d)), []
    for x in xs:
        q, k, v = (heads(affine(p[name], x), H) for name in "qkv")
        y = []
        for h in range(H):
            S[h] = (1 - 2.0 ** (-5 - h)) * S[h] + np.outer(k[h], v[h])
            y.append(S[h].T @ q[h] / np.sqrt(d))
        ys.append(np.concatenate(y))
    return np.array(ys)


def gla(p, xs, H=1):
    d = width(p) // H
    S, ys = np.zeros((H, d, d)), []
    for x in xs:
        q, k, v = (heads(affine(p[name], x), H) for name in "qkv")
        α = heads(σ(p["alpha"]["W_2"].T @ (p["alpha"]["W_1"].T @ x) + p["alpha"]["b"]) ** (1 / 16), H)
        y = []
        for h in range(H):
            S[h] = np.diag(α[h]) @ S[h] + np.outer(k[h], v[h])
            y.append(S[h].T @ q[h] / np.sqrt(d))
        ys.append(np.concatenate(y))
    return np.array(ys)


def hgrn2(p, xs, H=1):
    d = width(p) // H
    S, ys = np.zeros((H, d, d)), []
    for x in xs:
        q, f, v = (heads(affine(p[name], x), H) for name in "qfv")
        y = []
        for h in range(H):
            S[h] = np.diag(σ(f[h])) @ S[h] + np.outer(1 - σ(f[h]), v[h])
            y.append(S[h].T @ silu(q[h]))
        ys.append(np.concatenate(y))
    return np.array(ys)


def mlstm(p, xs, H=1, forget="sigmoid"):
    d = width(p) // H
    S, norm, ys = np.zeros((H, d, d)), np.zeros((H, d)), []
    for x in xs:
        q, k, v = (heads(affine(p[name], x), H) for name in "qkv")
        i, f = np.exp(affine(p["i"], x)), affine(p["f"], x)
        f = σ(f) if forget == "sigmoid" else np.exp(f)
        y = []
        for h in range(H):
            S[h] = f[h] * S[h] + i[h] * np.outer(k[h] / np.sqrt(d), v[h])
            norm[h] = f[h] * norm[h] + i[h] * k[h] / np.sqrt(d)
            y.append(S[h].T @ q[h] / max(abs(norm[h] @ q[h]), 1))
        ys.append(np.concatenate(y))
    return np.array(ys)


def delta_rule(S, k, v, β):
    """S(I − βkkᵀ) + βvkᵀ for a matrix from values to keys; here the other way round."""
    of_values_and_keys = S.T @ (np.eye(len(k)) - β * np.outer(k, k)) + β * np.outer(v, k)
    return of_values_and_keys.T


def deltanet(p, xs, H=1, largest_β=1):
    d = width(p) // H
    S, ys = np.zeros((H, d, d)), []
    for x in xs:
        q, k, v = (heads(silu(affine(p[name], x)), H) for name in "qkv")
        β = largest_β * σ(affine(p["beta"], x))
        y = []
        for h in range(H):
            S[h] = delta_rule(S[h], unit(k[h]), v[h], β[h])
            y.append(S[h].T @ unit(q[h]) / np.sqrt(d))
        ys.append(np.concatenate(y))
    return np.array(ys)


def gated_deltanet(p, xs, H=1, largest_β=1):
    d = width(p) // H
    S, ys = np.zeros((H, d, d)), []
    for x in xs:
        q, k, v = (heads(silu(affine(p[name], x)), H) for name in "qkv")
        β = largest_β * σ(affine(p["beta"], x))
        α = np.exp(-np.exp(p["A"]) * softplus(affine(p["a"], x)))
        y = []
        for h in range(H):
            S[h] = delta_rule(α[h] * S[h], unit(k[h]), v[h], β[h])
            y.append(S[h].T @ unit(q[h]) / np.sqrt(d))
        ys.append(np.concatenate(y))
    return np.array(ys)


def deltaproduct(p, xs, H=1, updates=2):
    n, d = len(p["q"]["b"]), len(p["q"]["b"]) // H
    S, ys = np.zeros((H, d, d)), []
    for x in xs:
        q = heads(silu(affine(p["q"], x)), H)
        keys, values = (silu(affine(p[name], x)) for name in "kv")
        β = 2 * σ(affine(p["beta"], x))
        for j in range(updates):
            k, v = (heads(a[j * n : (j + 1) * n], H) for a in (keys, values))
            for h in range(H):
                S[h] = delta_rule(S[h], unit(k[h]), v[h], β[j * H + h])
        ys.append(np.concatenate([S[h].T @ unit(q[h]) / np.sqrt(d) for h in range(H)]))
    return np.array(ys)


def rwkv7(p, xs, H=1):
    d = width(p) // H
    S, ys = np.zeros((H, d, d)), []
    for x in xs:
        r, k, v = (affine(p[name], x) for name in "rkv")
        w = np.exp(-np.exp(-0.5) * σ(p["w"]["W_2"].T @ np.tanh(p["w"]["W_1"].T @ x) + p["w"]["b"]))
        a = σ(p["a"]["W_2"].T @ (p["a"]["W_1"].T @ x) + p["a"]["b"])
        removed, added = k * p["removal"], k * (1 + (a - 1) * p["replacement"])
        r, v, w, a, removed, added, bonus = (heads(part, H) for part in (r, v, w, a, removed, added, p["bonus"]))
        y = []
        for h in range(H):
            κ = unit(removed[h])
            of_values_and_keys = S[h].T @ (np.diag(w[h]) - np.outer(κ, a[h] * κ)) + np.outer(v[h], added[h])
            S[h] = of_values_and_keys.T
            y.append(of_values_and_keys @ r[h] + np.sum(r[h] * bonus[h] * added[h]) * v[h])
        ys.append(np.concatenate(y))
    return np.array(ys)


# State spaces whose steps depend on the input, and a memory that is trained while it runs.


def mamba(p, xs, N=16, R=1):
    n = len(p["u"]["b"])
    A = -np.exp(p["A"].reshape(n, N))
    h, ys = np.zeros((n, N)), []
    for x in xs:
        u = silu(affine(p["u"], x))
        δ, B, C = np.split(p["W_dtBC"].T @ u, [R, R + N])
        Δ = softplus(affine(p["dt"], δ))
        for c in range(n):
            h[c] = np.exp(Δ[c] * A[c]) * h[c] + Δ[c] * B * u[c]
        ys.append(h @ C + p["D"] * u)
    return np.array(ys)


def mamba2(p, xs, H=1, N=16):
    n = len(p["u"]["b"])
    d = n // H
    h, ys = np.zeros((H, d, N)), []
    for x in xs:
        u, B, C = (silu(affine(p[name], x)) for name in "uBC")
        Δ = softplus(affine(p["dt"], x))
        y = []
        for j, part in enumerate(heads(u, H)):
            h[j] = np.exp(-np.exp(p["A"][j]) * Δ[j]) * h[j] + Δ[j] * np.outer(part, B)
            y.append(h[j] @ C + p["D"][j] * part)
        ys.append(np.concatenate(y))
    return np.array(ys)


def layer_norm(z, gain, shift):
    return gain * (z - z.mean()) / np.sqrt(z.var() + EPS) + shift


def ttt(p, xs, H=1):
    n = width(p)
    d = n // H
    W, b = p["W_0"].reshape(H, d, d).copy(), p["b_0"].reshape(H, d).copy()
    gain, shift = p["gain"].reshape(H, d), p["shift"].reshape(H, d)
    ys = []

    def gradient(z, target, h):
        """Of half the squared error of the layer norm, by its Jacobian."""
        s = np.sqrt(z.var() + EPS)
        centred = (z - z.mean()) / s
        jacobian = gain[h][:, None] * (np.eye(d) - 1 / d - np.outer(centred, centred) / d) / s
        return jacobian.T @ (layer_norm(z, gain[h], shift[h]) - target)

    for x in xs:
        q, k, v = (heads(affine(p[name], x), H) for name in "qkv")
        η = σ(affine(p["eta"], x)) / d
        y = []
        for h in range(H):
            of_z = gradient(k[h] @ W[h] + b[h], v[h] - k[h], h)
            W[h] = W[h] - η[h] * np.outer(k[h], of_z)
            b[h] = b[h] - η[h] * of_z
            y.append(q[h] + layer_norm(q[h] @ W[h] + b[h], gain[h], shift[h]))
        ys.append(np.concatenate(y))
    return np.array(ys)


# The block round a cell.


def rms_norm(z):
    return z / np.sqrt(np.mean(z**2) + EPS)


def block(p, xs, mixer):
    """Residual streams of all steps, past one block round a mixer, which is given as an oracle of its own."""
    stream = xs + mixer(p["mixer"], np.array([rms_norm(x) for x in xs])) @ p["W_o"]
    into_mlp = np.array([rms_norm(s) for s in stream])
    return stream + (silu(into_mlp @ p["W_gate"]) * (into_mlp @ p["W_up"])) @ p["W_down"]
