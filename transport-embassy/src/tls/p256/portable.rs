//! By RustCrypto's `p256`, which runs in constant time on any processor whose multiplication does.

use p256::elliptic_curve::sec1::{FromEncodedPoint, ToEncodedPoint};
use p256::{AffinePoint, EncodedPoint, NonZeroScalar, ProjectivePoint};
use zeroize::Zeroizing;

use super::{Number, Point, big_endian};

pub(super) fn multiple_of_base(scalar: &Number) -> Option<Point> {
    let scalar = in_range(scalar)?;
    point(&(ProjectivePoint::GENERATOR * **scalar))
}

pub(super) fn multiple(scalar: &Number, of: &Point) -> Option<Point> {
    let scalar = in_range(scalar)?;
    let of: Option<AffinePoint> =
        AffinePoint::from_encoded_point(&EncodedPoint::from_bytes(of.to_bytes()).ok()?).into();
    point(&(ProjectivePoint::from(of?) * **scalar))
}

fn in_range(scalar: &Number) -> Option<Zeroizing<NonZeroScalar>> {
    let bytes = Zeroizing::new(big_endian(scalar));
    Option::from(NonZeroScalar::from_repr((*bytes).into())).map(Zeroizing::new)
}

fn point(point: &ProjectivePoint) -> Option<Point> {
    Point::from_bytes(point.to_affine().to_encoded_point(false).as_bytes())
}
