//! Projects points of the box onto the picture.

/// The distance of the eye from the middle of the box, whose half side is 1. It gives a slight perspective.
const DISTANCE: f64 = 8.0;

/// An eye that looks at the middle of the box.
pub struct Camera {
    right: [f64; 3],
    up: [f64; 3],
    toward: [f64; 3],
    middle: [f64; 2],
    zoom: f64,
}

impl Camera {
    /// A camera in `direction`, in degrees around the vertical axis and above the floor. The box reaches from `-half` to
    /// `half` vertically. It appears in the middle of the rectangle (left, top, right, bottom), as large as fits in it.
    pub fn new(direction: [f64; 2], [left, top, right, bottom]: [f64; 4], half: f64) -> Camera {
        let [(sin, cos), (rise, reach)] = direction.map(|angle| angle.to_radians().sin_cos());
        let mut camera = Camera {
            right: [-sin, cos, 0.0],
            up: [-rise * cos, -rise * sin, reach],
            toward: [reach * cos, reach * sin, rise],
            middle: [0.0, 0.0],
            zoom: 1.0,
        };
        let side = |corner: usize, axis: usize| if corner >> axis & 1 == 0 { -1.0 } else { 1.0 };
        let corners = [0, 1, 2, 3, 4, 5, 6, 7].map(|k| camera.project([side(k, 0), side(k, 1), half * side(k, 2)]));
        let ends = [0, 1].map(|axis| {
            let along = corners.iter().map(|corner| corner[axis]);
            along.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
        });
        let [across, up] = ends.map(|[low, high]| high - low);
        camera.zoom = ((right - left) / across).min((bottom - top) / up);
        let centre = [(left + right) / 2.0, (top + bottom) / 2.0];
        camera.middle = [0, 1].map(|axis| centre[axis] - camera.zoom * (ends[axis][0] + ends[axis][1]) / 2.0);
        camera
    }

    /// The position of a point on the picture.
    pub fn project(&self, place: [f64; 3]) -> [f64; 2] {
        let zoom = self.zoom * DISTANCE / (DISTANCE - dot(self.toward, place));
        [self.middle[0] + zoom * dot(self.right, place), self.middle[1] - zoom * dot(self.up, place)]
    }

    /// The place of the eye.
    pub fn eye(&self) -> [f64; 3] {
        self.toward.map(|part| DISTANCE * part)
    }

    /// Minus the squared distance of a point from the eye. Greater is nearer: nearer faces hide farther ones.
    pub fn nearness(&self, place: [f64; 3]) -> f64 {
        let eye = self.eye();
        -(0..3).map(|axis| (eye[axis] - place[axis]).powi(2)).sum::<f64>()
    }

    /// For each of the two coordinates, the end of the box that faces the eye: −1 or 1.
    pub fn near(&self) -> [f64; 2] {
        [self.toward[0], self.toward[1]].map(|part| if part < 0.0 { -1.0 } else { 1.0 })
    }

    /// The coordinates of the vertical edge of the box that is leftmost on the picture.
    pub fn left(&self) -> [f64; 2] {
        [self.right[0], self.right[1]].map(|part| if part < 0.0 { 1.0 } else { -1.0 })
    }

    /// How brightly a face with this normal is lit, from 0 to 1. The light comes over the viewer's left shoulder.
    pub fn light(&self, normal: [f64; 3]) -> f64 {
        let light = [0, 1, 2].map(|axis| 0.5 * self.toward[axis] + 0.75 * self.up[axis] - 0.55 * self.right[axis]);
        let length = (dot(normal, normal) * dot(light, light)).sqrt();
        (dot(normal, light) / length).max(0.0)
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
