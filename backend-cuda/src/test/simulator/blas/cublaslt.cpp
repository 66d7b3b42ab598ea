// cuBLASLt, as far as one product of plain matrices and its epilogue go.
#include <cstring>

#include "product.h"

using namespace heddle_sim;

namespace {

struct Lt : Owned {};

struct Description : Owned {
  int compute, scalars;
  int transpose_a = 0, transpose_b = 0;
  unsigned epilogue = 1;
  const char *bias = nullptr;
  int bias_type = -1;  // That of the result.
};

struct Layout : Owned {
  Type type;
  size_t rows, columns, leading;
};

struct Preference : Owned {
  size_t workspace = 0;
  unsigned alignment[4] = {256, 256, 256, 256};
};

// What cublasLtMatmulAlgo_t's 64 bytes hold here: what the product was whose algorithm it is.
struct Algorithm {
  unsigned long long problem;
  size_t workspace;
  unsigned alignment[4];
  char rest[32];
};
static_assert(sizeof(Algorithm) == 64, "as cublasLt.h has it");

struct Found {
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Found) == 96, "as cublasLt.h has it");

template <class T>
std::map<T *, std::unique_ptr<T>> &all() {
  static auto *kept = new std::map<T *, std::unique_ptr<T>>();
  return *kept;
}

template <class T>
T &get(void *handle, const char *what) {
  blas_require(handle != nullptr);
  return lookup(all<T>(), handle, what);
}

const char *const DESCRIPTION = "description of a product";
const char *const LAYOUT = "layout of a matrix";
const char *const PREFERENCE = "preference";
const char *const HANDLE = "cuBLASLt handle";
const char *const LIVE = "live_blas_descriptions";

template <class T>
void set(T &value, const void *from, size_t bytes) {
  blas_require(from != nullptr && bytes == sizeof value);
  memcpy(&value, from, bytes);
}

[[noreturn]] void unsupported(const char *what, int which) {
  Counters::get().add("unsupported");
  Report::get().add(format("%s %d is not simulated", what, which));
  throw Refused{BLAS_NOT_SUPPORTED};
}

Matrix matrix(const Layout &layout, const void *data, bool transposed) {
  return Matrix{(char *)data, layout.type, layout.rows, layout.columns, layout.leading, 0, transposed};
}

// The product that a description and four layouts mean.
Product product_of(const Description &d, const Layout &a, const Layout &b, const Layout &c,
                   const Layout &result) {
  Product p;
  p.batch = 1;
  p.a = matrix(a, nullptr, d.transpose_a != 0);
  p.b = matrix(b, nullptr, d.transpose_b != 0);
  p.c = matrix(c, nullptr, false);
  p.d = matrix(result, nullptr, false);
  p.m = p.a.transposed ? a.columns : a.rows;
  p.k = p.a.transposed ? a.rows : a.columns;
  p.n = p.b.transposed ? b.rows : b.columns;
  blas_require(p.k == (p.b.transposed ? b.columns : b.rows));
  for (const Layout *each : {&c, &result}) {
    blas_require(each->rows == p.m && each->columns == p.n && each->type == result.type);
  }
  blas_require(p.m > 0 && p.n > 0 && p.k > 0 && d.scalars == 0, BLAS_NOT_SUPPORTED);
  p.rounding = rounding_of(d.compute, a.type, b.type, result.type);
  switch (d.epilogue & ~4u) {
    case 0: case 1: break;
    case 2: p.epilogue.activation = Epilogue::RELU; break;
    case 32: p.epilogue.activation = Epilogue::GELU; break;
    default: unsupported("the epilogue", (int)d.epilogue);
  }
  if ((d.epilogue & 4u) != 0) {
    p.epilogue.bias = d.bias;
    p.epilogue.bias_type = d.bias_type < 0 ? result.type : type_of(d.bias_type);
    // By its documentation; only of 8-bit floats may a bias be of another type.
    blas_require(p.epilogue.bias_type == result.type, BLAS_NOT_SUPPORTED);
    blas_require(p.epilogue.bias != nullptr);
  }
  return p;
}

// What an algorithm was found for: it does not fit another product.
unsigned long long problem_of(const Product &p) {
  unsigned long long h = 1469598103934665603u;
  for (unsigned long long each :
       {(unsigned long long)p.m, (unsigned long long)p.n, (unsigned long long)p.k,
        (unsigned long long)p.a.type, (unsigned long long)p.d.type, (unsigned long long)p.rounding,
        (unsigned long long)p.a.transposed, (unsigned long long)p.b.transposed,
        (unsigned long long)p.epilogue.activation,
        (unsigned long long)(p.epilogue.bias != nullptr)}) {
    h = (h ^ each) * 1099511628211u;
  }
  return h;
}

// One that shares the sums of long products among blocks keeps them in a workspace.
size_t workspace_of(const Product &p, size_t most) {
  const size_t wanted = p.k < 1024 ? 0 : 4 * p.m * p.n;
  return wanted <= most ? wanted : 0;
}

}  // namespace

extern "C" {

int cublasLtCreate(void **handle) {
  return blas("cublasLtCreate", [&](Driver &driver) {
    blas_require(handle != nullptr);
    driver.forbid_in_capture("cublasLtCreate");
    *handle = keep(all<Lt>(), std::make_unique<Lt>(), "live_blas");
  });
}

int cublasLtDestroy(void *handle) {
  return blas("cublasLtDestroy", [&](Driver &) { destroy(all<Lt>(), handle, HANDLE, "live_blas"); });
}

size_t cublasLtGetVersion() { return 120601; }

int cublasLtMatmulDescCreate(void **made, int compute, int scalars) {
  return blas("cublasLtMatmulDescCreate", [&](Driver &) {
    blas_require(made != nullptr);
    auto description = std::make_unique<Description>();
    description->compute = compute;
    description->scalars = scalars;
    *made = keep(all<Description>(), std::move(description), LIVE);
  });
}

int cublasLtMatmulDescDestroy(void *description) {
  return blas("cublasLtMatmulDescDestroy",
              [&](Driver &) { destroy(all<Description>(), description, DESCRIPTION, LIVE); });
}

int cublasLtMatmulDescSetAttribute(void *handle, int which, const void *from, size_t bytes) {
  return blas("cublasLtMatmulDescSetAttribute", [&](Driver &) {
    auto &d = get<Description>(handle, DESCRIPTION);
    switch (which) {
      case 3: set(d.transpose_a, from, bytes); break;
      case 4: set(d.transpose_b, from, bytes); break;
      case 7: set(d.epilogue, from, bytes); break;
      case 8: set(d.bias, from, bytes); break;
      case 26: set(d.bias_type, from, bytes); break;
      default: unsupported("the product's attribute", which);
    }
  });
}

int cublasLtMatrixLayoutCreate(void **made, int type, unsigned long long rows,
                               unsigned long long columns, long long leading) {
  return blas("cublasLtMatrixLayoutCreate", [&](Driver &) {
    blas_require(made != nullptr && leading >= (long long)rows);
    auto layout = std::make_unique<Layout>();
    layout->type = type_of(type);
    layout->rows = rows;
    layout->columns = columns;
    layout->leading = (size_t)leading;
    *made = keep(all<Layout>(), std::move(layout), LIVE);
  });
}

int cublasLtMatrixLayoutDestroy(void *layout) {
  return blas("cublasLtMatrixLayoutDestroy",
              [&](Driver &) { destroy(all<Layout>(), layout, LAYOUT, LIVE); });
}

int cublasLtMatmulPreferenceCreate(void **made) {
  return blas("cublasLtMatmulPreferenceCreate", [&](Driver &) {
    blas_require(made != nullptr);
    *made = keep(all<Preference>(), std::make_unique<Preference>(), LIVE);
  });
}

int cublasLtMatmulPreferenceDestroy(void *preference) {
  return blas("cublasLtMatmulPreferenceDestroy",
              [&](Driver &) { destroy(all<Preference>(), preference, PREFERENCE, LIVE); });
}

int cublasLtMatmulPreferenceSetAttribute(void *handle, int which, const void *from, size_t bytes) {
  return blas("cublasLtMatmulPreferenceSetAttribute", [&](Driver &) {
    auto &preference = get<Preference>(handle, PREFERENCE);
    if (which == 1) set(preference.workspace, from, bytes);
    else if (which >= 5 && which <= 8) set(preference.alignment[which - 5], from, bytes);
    else unsupported("the preference", which);
  });
}

int cublasLtMatmulAlgoGetHeuristic(void *handle, void *description, void *a, void *b, void *c,
                                   void *d, void *preference, int most, Found *found, int *count) {
  return blas("cublasLtMatmulAlgoGetHeuristic", [&](Driver &) {
    get<Lt>(handle, HANDLE);
    const auto &preferred = get<Preference>(preference, PREFERENCE);
    blas_require(most >= 1 && found != nullptr && count != nullptr);
    *count = 0;
    const Product p =
        product_of(get<Description>(description, DESCRIPTION), get<Layout>(a, LAYOUT),
                   get<Layout>(b, LAYOUT), get<Layout>(c, LAYOUT), get<Layout>(d, LAYOUT));
    Counters::get().add("heuristics");
    // As cuBLASLt has it: there is none that is called a success, too.
    blas_require(Settings::get().algorithms != 0, BLAS_NOT_SUPPORTED);
    if (Settings::get().algorithms < 0) return;
    memset(found, 0, sizeof *found);
    found->workspace = found->algorithm.workspace = workspace_of(p, preferred.workspace);
    found->algorithm.problem = problem_of(p);
    memcpy(found->algorithm.alignment, preferred.alignment, sizeof preferred.alignment);
    found->waves = 1;
    *count = 1;
  });
}

int cublasLtMatmul(void *handle, void *description, const void *alpha, const void *a, void *a_layout,
                   const void *b, void *b_layout, const void *beta, const void *c, void *c_layout,
                   void *d, void *d_layout, const Algorithm *algorithm, void *workspace,
                   size_t workspace_bytes, void *stream) {
  return blas("cublasLtMatmul", [&](Driver &driver) {
    get<Lt>(handle, HANDLE);
    const auto &described = get<Description>(description, DESCRIPTION);
    Product p = product_of(described, get<Layout>(a_layout, LAYOUT), get<Layout>(b_layout, LAYOUT),
                           get<Layout>(c_layout, LAYOUT), get<Layout>(d_layout, LAYOUT));
    const void *const data[] = {a, b, c, d};
    Matrix *const matrices[] = {&p.a, &p.b, &p.c, &p.d};
    for (int i = 0; i < 4; i++) matrices[i]->data = (char *)data[i];
    // Where there is no algorithm the library looks for one, which has no workspace then.
    if (algorithm != nullptr) {
      blas_require(algorithm->problem == problem_of(p));
      blas_require(algorithm->workspace <= workspace_bytes);
      for (int i = 0; i < 4; i++) {
        blas_require((uintptr_t)data[i] % algorithm->alignment[i] == 0);
      }
    }
    blas_require((uintptr_t)workspace % 16 == 0 && (uintptr_t)p.epilogue.bias % 16 == 0);
    Counters::get().add("epilogues");
    enqueue_product(driver, stream, p, scalars_of(alpha, beta, described.compute, false),
                    Workspace{(uintptr_t)workspace, workspace_bytes}, "cublasLtMatmul");
  });
}

}  // extern "C"
