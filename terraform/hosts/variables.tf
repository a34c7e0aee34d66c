variable "name" {
  description = "Beginning of the names of what this module makes. Names of IAM also get the region."
  type        = string
  default     = "pointsman-hosts"
}

variable "vpc_id" {
  description = "VPC of the instances."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the instances, for the endpoints and for builds in the VPC."
  type        = list(string)
}

variable "route_table_ids" {
  description = "Route tables of these subnets, for the endpoint of S3."
  type        = list(string)
  default     = []
}

variable "create_endpoints" {
  description = "Make the endpoints through which instances without a way to the internet reach Systems Manager and S3."
  type        = bool
  default     = true
}

variable "connection_arn" {
  description = "Connection to GitHub, for a private repository."
  type        = string
  default     = ""
}

variable "ssm_prefix" {
  description = "SSM parameters begin with this: pointsman.toml refers to them."
  type        = string
  default     = "/pointsman"
}

variable "tags" {
  description = "Tags of everything that this module makes."
  type        = map(string)
  default     = {}
}
