"""Addresses of images in ECR."""

import pytest

from pointsmanctl.deployment.run_image.ecr_image import NO_DIGEST, EcrImage


@pytest.mark.parametrize(
    ("address", "arn"),
    [
        (
            f"111111111111.dkr.ecr.eu-west-1.amazonaws.com/pointsman-run-image@{NO_DIGEST}",
            "arn:aws:ecr:eu-west-1:111111111111:repository/pointsman-run-image",
        ),
        (
            "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/team/ansible:1.2",
            "arn:aws-cn:ecr:cn-north-1:111111111111:repository/team/ansible",
        ),
        (
            "111111111111.dkr.ecr.us-gov-west-1.amazonaws.com/ansible:latest",
            "arn:aws-us-gov:ecr:us-gov-west-1:111111111111:repository/ansible",
        ),
    ],
)
def test_an_address_is_read_and_written_the_same(address: str, arn: str) -> None:
    image = EcrImage.parse(address)
    assert image
    assert (image.address, image.repository_arn) == (address, arn)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        "public.ecr.aws/docker/library/python:3.13",
        "ecr/x@sha256:1",
    ],
)
def test_any_other_image_is_not_in_ecr(address: str) -> None:
    assert EcrImage.parse(address) is None
