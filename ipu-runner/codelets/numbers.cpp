// Coordinates, coefficients and other short vectors: NUMERICS.md, section 5.
#include <poplar/Vertex.hpp>

#include <cmath>

using namespace poplar;

class Fill : public Vertex {
public:
  Output<Vector<float>> values;
  Input<float> number;

  bool compute() {
    for (unsigned i = 0; i < values.size(); ++i)
      values[i] = *number;
    return true;
  }
};

class Roots : public Vertex {
public:
  InOut<Vector<float>> values;

  bool compute() {
    for (unsigned i = 0; i < values.size(); ++i)
      values[i] = std::sqrt(values[i]);
    return true;
  }
};

class DivideByNorms : public Vertex {
public:
  InOut<Vector<float>> values;
  Input<Vector<float>> norms;

  bool compute() {
    for (unsigned i = 0; i < values.size(); ++i)
      values[i] = norms[i] > 0.0f ? values[i] / norms[i] : 0.0f;
    return true;
  }
};

// z = c, or z = previous - rate * c; then divided by its norm, or by d where rows are not normalised (`mean`).
class Coefficients : public Vertex {
public:
  Input<Vector<float>> coordinates;
  Input<Vector<float>> previous;
  Input<Vector<float>> norms;
  Output<Vector<float>> coefficients;
  Input<float> rate;
  const unsigned integrated;
  const unsigned mean;

  bool compute() {
    for (unsigned i = 0; i < coefficients.size(); ++i) {
      const float z = integrated ? previous[i] - *rate * coordinates[i] : coordinates[i];
      if (mean)
        coefficients[i] = z / float(int(mean));
      else
        coefficients[i] = norms[i] > 0.0f ? z / norms[i] : 0.0f;
    }
    return true;
  }
};

class Integrate : public Vertex {
public:
  InOut<Vector<float>> values;
  Input<Vector<float>> coordinates;
  Input<float> rate;

  bool compute() {
    for (unsigned i = 0; i < values.size(); ++i)
      values[i] = values[i] - *rate * coordinates[i];
    return true;
  }
};

class Apply : public Vertex {
public:
  InOut<Vector<float>> values;
  Input<Vector<float>> total;
  Input<float> scale;

  bool compute() {
    for (unsigned i = 0; i < values.size(); ++i)
      values[i] = values[i] + *scale * total[i];
    return true;
  }
};

// A number that is counted on.
class Advance : public Vertex {
public:
  InOut<Vector<unsigned>> number;
  const unsigned by;

  bool compute() {
    number[0] = number[0] + by;
    return true;
  }
};
