// Layers and loss: NUMERICS.md, sections 6 and 7. Every output is one chain over the summed index, in order.
#include <poplar/Vertex.hpp>

#include "functions.hpp"

using namespace poplar;

// y[b][o] = sum_k x[b][k] w[k][o] + bias[o]
class DenseForward : public Vertex {
public:
  Input<Vector<float>> input;
  Input<Vector<float>> kernel;
  Input<Vector<float>> bias;
  Output<Vector<float>> output;

  bool compute() {
    const unsigned outputs = bias.size(), images = output.size() / outputs, inputs = input.size() / images;
    for (unsigned b = 0; b < images; ++b)
      for (unsigned o = 0; o < outputs; ++o) {
        float sum = 0.0f;
        for (unsigned k = 0; k < inputs; ++k)
          sum = sum + input[b * inputs + k] * kernel[k * outputs + o];
        output[b * outputs + o] = sum + bias[o];
      }
    return true;
  }
};

// A row of an image's output, of some outputs: y[x][o] = sum over ky, kx, i of x[ky][x + kx][i] w[ky][kx][i][o] + bias[o]. `input`: the `size` rows that it
// sees, of `channels` each place.
class ConvForward : public Vertex {
public:
  Input<Vector<float>> input;
  Input<Vector<float>> kernel;
  Input<Vector<float>> bias;
  Output<Vector<float>> output;
  const unsigned size;
  const unsigned channels;

  bool compute() {
    const unsigned outputs = bias.size(), places = output.size() / outputs;
    const unsigned row = input.size() / size, window = size * channels;
    for (unsigned x = 0; x < places; ++x)
      for (unsigned o = 0; o < outputs; ++o) {
        float sum = 0.0f;
        unsigned weight = o;
        // The columns of a window and their channels lie side by side.
        for (unsigned ky = 0; ky < size; ++ky)
          for (unsigned k = 0; k < window; ++k, weight += outputs)
            sum = sum + input[ky * row + x * channels + k] * kernel[weight];
        output[x * outputs + o] = sum + bias[o];
      }
    return true;
  }
};

// dx[b][k] = sum_o dy[b][o] w[k][o]
class DenseBackward : public Vertex {
public:
  Input<Vector<float>> deltas;
  Input<Vector<float>> kernel;
  Output<Vector<float>> output;
  const unsigned outputs;

  bool compute() {
    const unsigned images = deltas.size() / outputs, inputs = output.size() / images;
    for (unsigned b = 0; b < images; ++b)
      for (unsigned k = 0; k < inputs; ++k) {
        float sum = 0.0f;
        for (unsigned o = 0; o < outputs; ++o)
          sum = sum + deltas[b * outputs + o] * kernel[k * outputs + o];
        output[b * inputs + k] = sum;
      }
    return true;
  }
};

// dw[k][o] = sum_b x[b][k] dy[b][o] of one k: `input` is x[..][k], `deltas` are [images][outputs] of those outputs that are here. `kernel` are
// the outputs from `first` of them on.
class DenseGradient : public Vertex {
public:
  Input<Vector<float>> input;
  Input<Vector<float>> deltas;
  Output<Vector<float>> kernel;
  const unsigned outputs;
  const unsigned first;

  bool compute() {
    for (unsigned o = 0; o < kernel.size(); ++o) {
      float sum = 0.0f;
      for (unsigned b = 0; b < input.size(); ++b)
        sum = sum + input[b] * deltas[b * outputs + first + o];
      kernel[o] = sum;
    }
    return true;
  }
};

// dw[ky][kx][i][o] = sum over images, y, x of input[y + ky][x + kx][i] dy[y][x][o], of one ky, kx, i. `input` is [images][height][width][channels], of
// those channels that are here; the first element that is used of each image is its `offset`-th. `deltas` are [images][rows][places][outputs] of those
// outputs that are here, and `kernel` the outputs from `first` of them on.
class ConvGradient : public Vertex {
public:
  Input<Vector<float>> input;
  Input<Vector<float>> deltas;
  Output<Vector<float>> kernel;
  const unsigned width;
  const unsigned channels;
  const unsigned offset;
  const unsigned rows;
  const unsigned places;
  const unsigned outputs;
  const unsigned first;

  bool compute() {
    const unsigned images = deltas.size() / (rows * places * outputs), image = input.size() / images;
    for (unsigned o = 0; o < kernel.size(); ++o) {
      unsigned delta = first + o;
      float sum = 0.0f;
      for (unsigned b = 0; b < images; ++b)
        for (unsigned y = 0; y < rows; ++y)
          for (unsigned x = 0; x < places; ++x, delta += outputs)
            sum = sum + input[b * image + (y * width + x) * channels + offset] * deltas[delta];
      kernel[o] = sum;
    }
    return true;
  }
};

// db[o] = sum_b dy[b][o]: `deltas` are [images][outputs] of those outputs that are here, `bias` those from `first` of them on.
class BiasGradient : public Vertex {
public:
  Input<Vector<float>> deltas;
  Output<Vector<float>> bias;
  const unsigned outputs;
  const unsigned first;

  bool compute() {
    for (unsigned o = 0; o < bias.size(); ++o) {
      float sum = 0.0f;
      for (unsigned at = first + o; at < deltas.size(); at += outputs)
        sum = sum + deltas[at];
      bias[o] = sum;
    }
    return true;
  }
};

// dx[x][i] of one row of an image, for some channels: sum over ky, kx, o of dy[y - ky][x - kx][o] w[ky][kx][i][o], of those dy that exist.
// `deltas`: the rows of the output from `first` on that saw this row; `kernel`: [ky][kx][channels][outputs].
class ConvBackward : public Vertex {
public:
  Input<Vector<float>> deltas;
  Input<Vector<float>> kernel;
  Output<Vector<float>> output;
  const unsigned size;
  const unsigned places;
  const unsigned outputs;
  const unsigned channels;
  const unsigned first;
  const unsigned row;

  bool compute() {
    const unsigned rows = deltas.size() / (places * outputs), width = output.size() / channels;
    for (unsigned x = 0; x < width; ++x)
      for (unsigned i = 0; i < channels; ++i) {
        float sum = 0.0f;
        for (unsigned ky = 0; ky < size; ++ky) {
          const unsigned y = row - ky - first;
          // Below the first row this is a large number.
          if (y >= rows)
            continue;
          for (unsigned kx = 0; kx < size; ++kx) {
            const unsigned at = x - kx;
            if (at >= places)
              continue;
            const unsigned delta = (y * places + at) * outputs;
            const unsigned weight = ((ky * size + kx) * channels + i) * outputs;
            for (unsigned o = 0; o < outputs; ++o)
              sum = sum + deltas[delta + o] * kernel[weight + o];
          }
        }
        output[x * channels + i] = sum;
      }
    return true;
  }
};

// Maxima of 2x2 windows of two rows.
class MaxPoolForward : public Vertex {
public:
  Input<Vector<float>> input;
  Output<Vector<float>> output;
  const unsigned channels;

  bool compute() {
    const unsigned row = input.size() / 2;
    for (unsigned e = 0; e < output.size(); ++e) {
      const unsigned at = e / channels * 2 * channels + e % channels;
      float most = input[at];
      if (input[at + channels] > most)
        most = input[at + channels];
      if (input[at + row] > most)
        most = input[at + row];
      if (input[at + row + channels] > most)
        most = input[at + row + channels];
      output[e] = most;
    }
    return true;
  }
};

// The delta of each window goes to the element that was taken; a column or row that is left out gets +0.
class MaxPoolBackward : public Vertex {
public:
  Input<Vector<float>> input;
  Input<Vector<float>> deltas;
  Output<Vector<float>> output;
  const unsigned channels;

  bool compute() {
    const unsigned row = input.size() / 2;
    for (unsigned e = 0; e < output.size(); ++e)
      output[e] = 0.0f;
    for (unsigned e = 0; e < deltas.size(); ++e) {
      const unsigned at = e / channels * 2 * channels + e % channels;
      unsigned taken = at;
      if (input[at + channels] > input[taken])
        taken = at + channels;
      if (input[at + row] > input[taken])
        taken = at + row;
      if (input[at + row + channels] > input[taken])
        taken = at + row + channels;
      output[taken] = deltas[e];
    }
    return true;
  }
};

class Rectify : public Vertex {
public:
  Input<Vector<float>> sign;
  Input<Vector<float>> from;
  Output<Vector<float>> output;

  bool compute() {
    for (unsigned i = 0; i < output.size(); ++i)
      output[i] = sign[i] > 0.0f ? from[i] : 0.0f;
    return true;
  }
};

// The deltas of the logits of some images. `images`: of the whole mini-batch.
class LossDeltas : public Vertex {
public:
  Input<Vector<float>> logits;
  Input<Vector<unsigned>> labels;
  Output<Vector<float>> deltas;
  const unsigned images;

  bool compute() {
    const unsigned count = labels.size(), classes = logits.size() / count;
    const float scale = 1.0f / float(int(images));
    for (unsigned b = 0; b < count; ++b) {
      const unsigned at = b * classes;
      const float most = largest(logits, at, classes);
      float sum = 0.0f;
      for (unsigned j = 0; j < classes; ++j)
        sum = sum + exponential(logits[at + j] - most);
      // Once more: an output cannot be read.
      for (unsigned j = 0; j < classes; ++j)
        deltas[at + j] = (exponential(logits[at + j] - most) / sum - (j == labels[b] ? 1.0f : 0.0f)) * scale;
    }
    return true;
  }
};

// Loss and rank of some images, two numbers each.
class Metrics : public Vertex {
public:
  Input<Vector<float>> logits;
  Input<Vector<unsigned>> labels;
  Output<Vector<float>> metrics;

  bool compute() {
    const unsigned count = labels.size(), classes = logits.size() / count;
    for (unsigned b = 0; b < count; ++b) {
      const unsigned at = b * classes, label = labels[b];
      const float most = largest(logits, at, classes);
      float sum = 0.0f;
      for (unsigned j = 0; j < classes; ++j)
        sum = sum + exponential(logits[at + j] - most);
      const float z = logits[at + label];
      metrics[2 * b] = logarithm(sum) - (z - most);
      unsigned rank = 0;
      for (unsigned j = 0; j < classes; ++j)
        rank += logits[at + j] > z || (logits[at + j] == z && j < label);
      metrics[2 * b + 1] = float(int(z == z ? rank : classes));
    }
    return true;
  }
};
